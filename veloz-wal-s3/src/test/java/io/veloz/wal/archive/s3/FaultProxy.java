package io.veloz.wal.archive.s3;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A proxy between a client and a local store that injects a scripted fault into each request. Host and body are forwarded
 * unchanged, so that signatures stay valid. Thread-safe. Closing it ends all requests.
 */
public final class FaultProxy implements AutoCloseable {
    private static final Pattern CONTENTS = Pattern.compile("<Contents>.*?</Contents>", Pattern.DOTALL);
    private static final Pattern KEY = Pattern.compile("<Key>(.*?)</Key>");

    private final ServerSocket listener;
    private final int targetPort;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final List<HttpMessage> requests = new CopyOnWriteArrayList<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile Function<HttpMessage, Fault> script = request -> Fault.none();

    private FaultProxy(ServerSocket listener, int targetPort) {
        this.listener = listener;
        this.targetPort = targetPort;
    }

    /** Starts a proxy for a local port. It forwards everything until it has a script. */
    public static FaultProxy start(int targetPort) throws IOException {
        FaultProxy proxy = new FaultProxy(new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1")), targetPort);
        thread("fault-proxy", proxy::accept);
        return proxy;
    }

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + listener.getLocalPort());
    }

    /** Sets the script, which returns the fault of each later request. Several threads call it concurrently. */
    public void script(Function<HttpMessage, Fault> next) {
        script = next;
    }

    /** Returns all requests so far in their order of arrival, with the bodies of those that were forwarded. */
    public List<HttpMessage> requests() {
        return requests;
    }

    /** Sends a request to the store again, as a delayed duplicate in the network. Returns the status. */
    public int sendAgain(HttpMessage request) throws IOException {
        return Integer.parseInt(forward(request).path());
    }

    private static void thread(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                sockets.add(client);
                thread("fault-proxy-client", () -> serve(client));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private void serve(Socket client) {
        try (client) {
            InputStream in = new BufferedInputStream(client.getInputStream());
            while (true) {
                HttpMessage request = HttpMessage.readHead(in);
                if (request == null || !handle(client, in, request)) {
                    return;
                }
            }
        } catch (IOException e) {
            // One of the two sides has closed the connection.
        } finally {
            sockets.remove(client);
        }
    }

    /** Returns whether the connection stays open. */
    private boolean handle(Socket client, InputStream in, HttpMessage head) throws IOException {
        Fault fault = script.apply(head);
        switch (fault.kind()) {
            case RESET_UPLOAD -> {
                requests.add(head);
                in.readNBytes(fault.bytes());
                reset(client);
                return false;
            }
            case STALL_UPLOAD -> {
                requests.add(head);
                in.readNBytes(fault.bytes());
                await(closed);
                return false;
            }
            default -> {}
        }
        HttpMessage request = head.withBody(in);
        requests.add(request);
        if (fault.kind() == Fault.Kind.ANSWER) {
            String line = "HTTP/1.1 " + fault.status() + " Injected";
            byte[] body = fault.text().getBytes(StandardCharsets.UTF_8);
            // Only a response that imitates an object has an ETag.
            String tag = fault.hidden() == null ? "X-Injected: yes" : "ETag: \"1\"";
            answer(client, new HttpMessage(List.of(line, "Content-Type: application/xml", tag), body), body.length);
            return true;
        }
        if (fault.kind() == Fault.Kind.HOLD) {
            await(fault.gate());
        }
        return respond(client, fault, forward(request));
    }

    private boolean respond(Socket client, Fault fault, HttpMessage response) throws IOException {
        int cut = Math.min(fault.bytes(), response.body().length);
        switch (fault.kind()) {
            case UNANSWERED -> reset(client);
            case SILENT -> await(closed);
            case RESET_DOWNLOAD -> {
                answer(client, response, cut);
                reset(client);
            }
            case STALL_DOWNLOAD -> {
                answer(client, response, cut);
                await(closed);
            }
            case CUT_DOWNLOAD -> answer(client, response, cut);
            case WRONG_BYTE -> {
                response.body()[fault.bytes()] ^= 1;
                answer(client, response, response.body().length);
                return true;
            }
            case HIDE_KEYS -> {
                HttpMessage less = without(fault, response);
                answer(client, less, less.body().length);
                return true;
            }
            default -> {
                answer(client, response, response.body().length);
                return true;
            }
        }
        return false;
    }

    private static HttpMessage without(Fault fault, HttpMessage response) {
        String text = new String(response.body(), StandardCharsets.UTF_8);
        String less = CONTENTS.matcher(text).replaceAll(found -> {
            Matcher key = KEY.matcher(found.group());
            boolean hide = key.find() && fault.hidden().test(key.group(1));
            return hide ? "" : Matcher.quoteReplacement(found.group());
        });
        return new HttpMessage(response.head(), less.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends a head with the length of the whole body, and a number of bytes of the body. */
    private static void answer(Socket client, HttpMessage response, int bytes) throws IOException {
        OutputStream out = client.getOutputStream();
        boolean hasBody = !response.path().equals("204") && !response.path().equals("304");
        out.write(hasBody ? response.headBytes("Content-Length: " + response.body().length) : response.headBytes());
        out.write(response.body(), 0, bytes);
        out.flush();
    }

    private HttpMessage forward(HttpMessage request) throws IOException {
        try (Socket store = new Socket(InetAddress.getByName("127.0.0.1"), targetPort)) {
            sockets.add(store);
            OutputStream out = store.getOutputStream();
            out.write(
                    request.header("content-length").isEmpty()
                            ? request.headBytes("Connection: close")
                            : request.headBytes("Connection: close", "Content-Length: " + request.body().length));
            out.write(request.body());
            out.flush();
            InputStream in = new BufferedInputStream(store.getInputStream());
            HttpMessage head = HttpMessage.readHead(in);
            if (head == null) {
                throw new IOException("the store sent no response");
            }
            boolean hasBody = !head.path().equals("204") && !head.path().equals("304");
            HttpMessage response = hasBody ? head.withBody(in) : head;
            sockets.remove(store);
            return response;
        }
    }

    private static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    /** Bounded, so that a test that forgets to open a gate fails rather than hangs. */
    private void await(CountDownLatch gate) throws IOException {
        try {
            for (int i = 0; i < 600 && closed.getCount() > 0; i++) {
                if (gate.await(100, TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new IOException("closed");
    }

    @Override
    public void close() throws IOException {
        closed.countDown();
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
