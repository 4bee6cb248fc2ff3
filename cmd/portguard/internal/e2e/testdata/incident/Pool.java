import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * A connection pool of one: a Redis client that never lets go of its connection, and makes a new one when it has lost it.
 * It ends, and closes the connection itself, on SIGTERM, on a line on stdin, and at the end of stdin.
 *
 * On stdout: "connected PORT", "lost MICROSECONDS" and "closed MICROSECONDS", the time since the epoch after close().
 */
public class Pool {
    private final int redisPort;
    private Socket redis;
    private boolean ended;

    Pool(int redisPort) {
        this.redisPort = redisPort;
    }

    public static void main(String[] args) throws Exception {
        Pool pool = new Pool(Integer.parseInt(args[0]));
        Runtime.getRuntime().addShutdownHook(new Thread(pool::end));
        Thread pings = new Thread(pool::run);
        pings.setDaemon(true);
        pings.start();
        new BufferedReader(new InputStreamReader(System.in)).readLine();
    }

    private void run() {
        while (true) {
            ping();
            try {
                Thread.sleep(200);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private synchronized void ping() {
        if (ended) {
            return;
        }
        try {
            if (redis == null) {
                redis = new Socket("127.0.0.1", redisPort);
                System.out.println("connected " + redis.getLocalPort());
            }
            redis.getOutputStream().write("*1\r\n$4\r\nPING\r\n".getBytes(StandardCharsets.US_ASCII));
            byte[] answer = redis.getInputStream().readNBytes(7); // +PONG and the end of the line
            if (answer.length < 7) {
                throw new IOException("Redis has hung up");
            }
        } catch (IOException e) {
            close("lost");
        }
    }

    private synchronized void end() {
        ended = true;
        close("closed");
    }

    private void close(String how) {
        if (redis == null) {
            return;
        }
        try {
            redis.close();
        } catch (IOException e) {
            System.err.println(e);
        }
        redis = null;
        System.out.println(how + " " + ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()));
    }
}
