import java.net.ServerSocket;

/** A service on port 30010. */
class App {
    public static void main(String[] args) throws Exception {
        try (ServerSocket socket = new ServerSocket(30010)) {
            while (true) socket.accept().close();
        }
    }
}
