import java.net.Socket;

/** A program that keeps one connection, and says on stdout when it has it. */
class Order {
    public static void main(String[] args) throws Exception {
        try (Socket cache = new Socket("10.11.0.9", 7000)) {
            System.out.println("connected");
            cache.getInputStream().read();
        }
    }
}
