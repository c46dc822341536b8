package io.veloz.wal.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * A relay on the loopback interface that forwards connections to a server, and its answers at a limited rate for all
 * connections together, as a network of that bandwidth would.
 */
final class SlowLink implements AutoCloseable {
    private static final int CHUNK_BYTES = 64 * 1024;

    private final URI target;
    private final double nanosPerByte;
    private final ServerSocket listener;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

    /** When the link is free for the next byte. */
    private long freeAt = System.nanoTime();

    private SlowLink(URI target, long bytesPerSecond) throws IOException {
        this.target = target;
        this.nanosPerByte = 1e9 / bytesPerSecond;
        this.listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    }

    static SlowLink open(URI target, long bytesPerSecond) throws IOException {
        SlowLink link = new SlowLink(target, bytesPerSecond);
        run(link::accept);
        return link;
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + listener.getLocalPort());
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void run(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (SocketException e) {
                // The other side, or close(), has closed the connection.
            } catch (IOException e) {
                System.err.println("link: " + e);
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() throws IOException {
        while (!listener.isClosed()) {
            Socket client = listener.accept();
            Socket server = new Socket(target.getHost(), target.getPort());
            sockets.add(client);
            sockets.add(server);
            run(() -> forward(client, server, false));
            run(() -> forward(server, client, true));
        }
    }

    private void forward(Socket from, Socket to, boolean limited) throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        try (from;
                to;
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
                if (limited) {
                    pass(count);
                }
                out.write(chunk, 0, count);
            }
        } finally {
            sockets.remove(from);
            sockets.remove(to);
        }
    }

    private void pass(int bytes) {
        long due;
        synchronized (this) {
            freeAt = Math.max(freeAt, System.nanoTime()) + (long) (bytes * nanosPerByte);
            due = freeAt;
        }
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
