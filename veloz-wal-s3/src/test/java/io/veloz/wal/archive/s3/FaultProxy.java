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
 * Stands between a client and a store of this machine, and does to each request what a script says. Host and body pass as
 * they are, so that signatures stay right. Any thread may use it; closing it ends all that it holds.
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

    /** Starts one in front of a port of this machine. It does nothing until it gets a script. */
    public static FaultProxy start(int targetPort) throws IOException {
        FaultProxy proxy = new FaultProxy(new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1")), targetPort);
        thread("fault-proxy", proxy::accept);
        return proxy;
    }

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + listener.getLocalPort());
    }

    /** From now on each request meets what this says. It is asked by several threads at once. */
    public void script(Function<HttpMessage, Fault> next) {
        script = next;
    }

    /** All heads so far, and the bodies of those that were passed on, in the order in which they came. */
    public List<HttpMessage> requests() {
        return requests;
    }

    /** Sends a request to the store once more, as a network that delivers late would. Returns the status. */
    public int sendAgain(HttpMessage request) throws IOException {
        return Integer.parseInt(ask(request).path());
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
            // One of the two sides has gone, as it happens under faults.
        } finally {
            sockets.remove(client);
        }
    }

    /** Returns whether the connection goes on. */
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
            String line = "HTTP/1.1 " + fault.status() + " Told";
            byte[] body = fault.text().getBytes(StandardCharsets.UTF_8);
            // Only what poses as an object has an ETag.
            String tag = fault.hidden() == null ? "X-Told: yes" : "ETag: \"1\"";
            answer(client, new HttpMessage(List.of(line, "Content-Type: application/xml", tag), body), body.length);
            return true;
        }
        if (fault.kind() == Fault.Kind.HOLD) {
            await(fault.gate());
        }
        return answered(client, fault, ask(request));
    }

    private boolean answered(Socket client, Fault fault, HttpMessage answer) throws IOException {
        int cut = Math.min(fault.bytes(), answer.body().length);
        switch (fault.kind()) {
            case UNANSWERED -> reset(client);
            case SILENT -> await(closed);
            case RESET_DOWNLOAD -> {
                answer(client, answer, cut);
                reset(client);
            }
            case STALL_DOWNLOAD -> {
                answer(client, answer, cut);
                await(closed);
            }
            case CUT_DOWNLOAD -> answer(client, answer, cut);
            case WRONG_BYTE -> {
                answer.body()[fault.bytes()] ^= 1;
                answer(client, answer, answer.body().length);
                return true;
            }
            case HIDE_KEYS -> {
                HttpMessage less = without(fault, answer);
                answer(client, less, less.body().length);
                return true;
            }
            default -> {
                answer(client, answer, answer.body().length);
                return true;
            }
        }
        return false;
    }

    private static HttpMessage without(Fault fault, HttpMessage answer) {
        String text = new String(answer.body(), StandardCharsets.UTF_8);
        String less = CONTENTS.matcher(text).replaceAll(found -> {
            Matcher key = KEY.matcher(found.group());
            boolean hide = key.find() && fault.hidden().test(key.group(1));
            return hide ? "" : Matcher.quoteReplacement(found.group());
        });
        return new HttpMessage(answer.head(), less.getBytes(StandardCharsets.UTF_8));
    }

    /** The head promises the whole body, of which only so much follows. */
    private static void answer(Socket client, HttpMessage answer, int bytes) throws IOException {
        OutputStream out = client.getOutputStream();
        boolean hasBody = !answer.path().equals("204") && !answer.path().equals("304");
        out.write(hasBody ? answer.headBytes("Content-Length: " + answer.body().length) : answer.headBytes());
        out.write(answer.body(), 0, bytes);
        out.flush();
    }

    private HttpMessage ask(HttpMessage request) throws IOException {
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
                throw new IOException("the store gave no answer");
            }
            boolean hasBody = !head.path().equals("204") && !head.path().equals("304");
            HttpMessage answer = hasBody ? head.withBody(in) : head;
            sockets.remove(store);
            return answer;
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
