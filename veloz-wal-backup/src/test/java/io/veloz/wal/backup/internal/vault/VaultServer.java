package io.veloz.wal.backup.internal.vault;

import io.veloz.wal.backup.internal.vault.JsonValue.Arr;
import io.veloz.wal.backup.internal.vault.JsonValue.Literal;
import io.veloz.wal.backup.internal.vault.JsonValue.Obj;
import io.veloz.wal.backup.internal.vault.JsonValue.Text;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A server that follows the documentation of Vault's HTTP API for KV versions 1 and 2, as far as an export, an import and
 * hvac need it. It proves agreement with that documentation, not with a real Vault. Any thread may call it.
 */
public final class VaultServer implements AutoCloseable {
    /** The token that the server accepts. */
    public static final String TOKEN = "hvs.test-token";

    private static final String TIME = "2026-11-28T02:15:00.000000001Z";

    /** What happens to a request that a test lets fail. */
    public enum Failure {
        /** The connection closes, and the request has no effect. */
        CUT_BEFORE,
        /** The connection closes after the request took effect. */
        CUT_AFTER,
        /** The answer is 500, and the request has no effect. */
        ERROR_BEFORE,
        /** The answer is 500 after the request took effect. */
        ERROR_AFTER
    }

    /** A request as it arrived. */
    public record Request(
            String method,
            String rawPath,
            @Nullable String token,
            @Nullable String namespace,
            String marker) {}

    private record Reply(int status, @Nullable Obj body) {}

    private static final class Version {
        String deletionTime = "";
        boolean destroyed;
        JsonValue data = Literal.NULL;
    }

    private static final class Secret {
        final TreeMap<Integer, Version> versions = new TreeMap<>();
        int current;
        Obj settings = new Obj()
                .put("cas_required", Literal.FALSE)
                .put("custom_metadata", Literal.NULL)
                .put("delete_version_after", "0s")
                .put("max_versions", 0);
    }

    private static final class Mount {
        final int version;
        final TreeMap<String, Secret> secrets = new TreeMap<>();

        Mount(int version) {
            this.version = version;
        }
    }

    private final String scheme;
    private final LoopbackHttp http;
    private final TreeMap<String, Mount> mounts = new TreeMap<>();
    private final List<Request> requests = new ArrayList<>();
    private final Set<Integer> failing = new HashSet<>();
    private Failure failure = Failure.CUT_BEFORE;
    private int failingFrom = Integer.MAX_VALUE;
    private @Nullable String statusBody;
    private int status;
    private @Nullable String location;
    private Predicate<Request> denied = request -> false;
    private Runnable afterNextRequest = () -> {};
    private int defaultMaxVersions = 10;

    private VaultServer(String scheme, ServerSocket socket) {
        this.scheme = scheme;
        this.http = new LoopbackHttp(socket, this::handle);
    }

    /** Starts a server on a free port of the loopback interface. */
    public static VaultServer start() throws IOException {
        return new VaultServer("http", new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
    }

    /** Starts a server with TLS. */
    public static VaultServer start(SSLContext tls) throws IOException {
        return new VaultServer(
                "https", tls.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress()));
    }

    /** Returns the address, with the host's name as its certificate has it. */
    public URI address() {
        return URI.create(scheme + "://localhost:" + http.port());
    }

    // ---- what a test sets

    /** Mounts a key-value engine of version 1 or 2. */
    public synchronized VaultServer mount(String name, int version) {
        mounts.put(name, new Mount(version));
        return this;
    }

    /** Lets the n-th request from now fail, once; the first has number 1. */
    public synchronized void failOnce(int number, Failure how) {
        requests.clear();
        failing.add(number);
        failure = how;
    }

    /** Lets the n-th request from now fail; each later one fails without effect, until {@link #recover}. */
    public synchronized void failFrom(int number, Failure how) {
        requests.clear();
        failingFrom = number;
        failure = how;
    }

    /** Ends all failures, and forgets the requests. */
    public synchronized void recover() {
        requests.clear();
        failing.clear();
        failingFrom = Integer.MAX_VALUE;
        status = 0;
        denied = request -> false;
    }

    /** Answers each request with this status and body. */
    public synchronized void answer(int newStatus, String body) {
        status = newStatus;
        statusBody = body;
    }

    /** Answers each request with a redirect. */
    public synchronized void redirect(int newStatus, String newLocation) {
        answer(newStatus, "");
        location = newLocation;
    }

    /** Answers these requests with 403. */
    public synchronized void deny(Predicate<Request> requestsToDeny) {
        denied = requestsToDeny;
    }

    /** Runs once after the next request took effect and before its answer. */
    public synchronized void afterNextRequest(Runnable action) {
        afterNextRequest = action;
    }

    /** Sets how many versions a secret keeps that does not say it. */
    public synchronized void defaultMaxVersions(int versions) {
        defaultMaxVersions = versions;
    }

    /** Returns the requests since the last {@code fail…} or {@link #recover}. */
    public synchronized List<Request> requests() {
        return List.copyOf(requests);
    }

    /** Sends a request as a client with all rights, and returns the answer's body; for the set-up of tests. */
    public synchronized String send(String method, String path, String body) throws IOException {
        Reply reply = reply(method, path, "", body.isEmpty() ? new Obj() : JsonValue.parse(bytes(body)));
        if (reply.status() >= 300 && reply.status() != 404) {
            throw new IOException(method + " " + path + ": " + reply.status());
        }
        return reply.body() == null ? "" : new String(reply.body().toBytes(), StandardCharsets.UTF_8);
    }

    /** Returns everything that the server has, in one text. */
    public synchronized String dump() {
        StringBuilder text = new StringBuilder();
        mounts.forEach((name, mount) -> mount.secrets.forEach((path, secret) -> {
            text.append(name)
                    .append(' ')
                    .append(path)
                    .append(' ')
                    .append(secret.current)
                    .append(' ');
            text.append(new String(secret.settings.toBytes(), StandardCharsets.UTF_8)
                    .replace("\"custom_metadata\":null", "\"custom_metadata\":{}"));
            secret.versions.forEach((number, version) -> text.append("\n  ")
                    .append(number)
                    .append(version.destroyed ? " destroyed " : isLive(version) ? " live " : " deleted ")
                    .append(new String(new Obj().put("data", version.data).toBytes(), StandardCharsets.UTF_8)));
            text.append('\n');
        }));
        return text.toString();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        http.close();
    }

    // ---- HTTP

    private synchronized LoopbackHttp.@Nullable Response handle(LoopbackHttp.Request arrived) throws IOException {
        String[] target = arrived.target().split("\\?", 2);
        Request request = new Request(
                arrived.method(),
                target[0],
                arrived.header("X-Vault-Token"),
                arrived.header("X-Vault-Namespace"),
                String.valueOf(arrived.header("X-Vault-Request")));
        requests.add(request);
        int number = requests.size();
        boolean fails = number >= failingFrom || failing.contains(number);
        Failure how = number > failingFrom ? Failure.ERROR_BEFORE : failure;
        boolean before = how == Failure.CUT_BEFORE || how == Failure.ERROR_BEFORE;
        Reply reply = new Reply(500, errors("injected"));
        if (!fails || !before) {
            Reply effect = answer(request, target.length == 1 ? "" : target[1], arrived.body());
            reply = fails ? reply : effect;
        }
        Runnable action = afterNextRequest;
        afterNextRequest = () -> {};
        action.run();
        boolean cut = how == Failure.CUT_BEFORE || how == Failure.CUT_AFTER;
        return fails && cut ? null : response(reply);
    }

    private LoopbackHttp.Response response(Reply reply) {
        byte[] bytes = {};
        if (reply.body() != null) {
            bytes = reply.body().toBytes();
        } else if (statusBody != null && status != 0) {
            bytes = bytes(statusBody);
        }
        String headers = "Content-Type: application/json\r\n";
        if (location != null && status != 0) {
            headers += "Location: " + location + "\r\n";
        }
        return new LoopbackHttp.Response(reply.status(), headers, bytes);
    }

    private Reply answer(Request request, String query, byte[] body) throws IOException {
        if (status != 0) {
            return new Reply(status, null);
        }
        if (!TOKEN.equals(request.token()) || denied.test(request)) {
            return new Reply(403, errors("permission denied"));
        }
        String method = request.method();
        if (method.equals("GET") && query.contains("list=true")) {
            method = "LIST";
        }
        Obj parsed = body.length == 0 ? new Obj() : JsonValue.parse(body);
        return reply(method, decode(request.rawPath().replaceFirst("^/v1/", "")), query, parsed);
    }

    /** Decodes percent signs only: a plus sign in a path is a plus sign. */
    private static String decode(String raw) {
        java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
        for (int i = 0; i < raw.length(); i++) {
            if (raw.charAt(i) == '%') {
                bytes.write(Integer.parseInt(raw.substring(i + 1, i + 3), 16));
                i += 2;
            } else {
                bytes.write(raw.charAt(i));
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static Obj errors(String text) {
        return new Obj().put("errors", new Arr(List.of(new Text(text))));
    }

    private static Reply notFound() {
        return new Reply(404, new Obj().put("errors", new Arr(List.of())));
    }

    private static Reply data(int status, Obj data) {
        return new Reply(
                status,
                new Obj().put("request_id", "1").put("lease_duration", 0).put("data", data));
    }

    // ---- the API

    private Reply reply(String method, String path, String query, Obj body) {
        String preflight = "sys/internal/ui/mounts/";
        String name = mountOf(path.startsWith(preflight) ? path.substring(preflight.length()) : path);
        Mount mount = mounts.get(name);
        if (path.startsWith(preflight)) {
            return mount == null
                    ? new Reply(403, errors("preflight capability check returned 403"))
                    : data(
                            200,
                            new Obj()
                                    .put("path", name + "/")
                                    .put("type", "kv")
                                    .put("options", new Obj().put("version", String.valueOf(mount.version))));
        }
        if (mount == null) {
            return new Reply(404, errors("no handler for route"));
        }
        String rest = path.equals(name) ? "" : path.substring(name.length() + 1);
        if (mount.version == 1) {
            return first(mount, method, rest, body);
        }
        String operation = rest.split("/", 2)[0];
        return second(
                mount, method, operation, rest.substring(Math.min(rest.length(), operation.length() + 1)), query, body);
    }

    private String mountOf(String path) {
        String found = "";
        for (String name : mounts.keySet()) {
            if ((path + "/").startsWith(name + "/") && name.length() > found.length()) {
                found = name;
            }
        }
        return found;
    }

    private static Reply first(Mount mount, String method, String path, Obj body) {
        if (method.equals("LIST")) {
            return list(mount, path);
        }
        if (method.equals("POST") || method.equals("PUT")) {
            Secret secret = mount.secrets.computeIfAbsent(path, key -> new Secret());
            secret.versions.computeIfAbsent(1, key -> new Version()).data = body;
            return new Reply(204, null);
        }
        Secret secret = mount.secrets.get(path);
        return secret == null ? notFound() : data(200, (Obj) secret.versions.get(1).data);
    }

    private static Reply list(Mount mount, String folder) {
        String prefix = folder.isEmpty() || folder.endsWith("/") ? folder : folder + "/";
        TreeSet<String> keys = new TreeSet<>();
        for (String path : mount.secrets.keySet()) {
            if (path.startsWith(prefix)) {
                String below = path.substring(prefix.length());
                keys.add(below.contains("/") ? below.substring(0, below.indexOf('/') + 1) : below);
            }
        }
        List<JsonValue> texts = new ArrayList<>();
        keys.forEach(key -> texts.add(new Text(key)));
        return keys.isEmpty() ? notFound() : data(200, new Obj().put("keys", new Arr(texts)));
    }

    private Reply second(Mount mount, String method, String operation, String path, String query, Obj body) {
        Secret secret = mount.secrets.get(path);
        if (operation.equals("metadata") && method.equals("LIST")) {
            return list(mount, path);
        }
        if (method.equals("GET")) {
            if (secret == null) {
                return notFound();
            }
            return operation.equals("metadata") ? data(200, metadata(secret)) : read(secret, query);
        }
        if (operation.equals("metadata") && method.equals("DELETE")) {
            mount.secrets.remove(path);
            return new Reply(204, null);
        }
        if (operation.equals("metadata")) {
            Secret changed = mount.secrets.computeIfAbsent(path, key -> new Secret());
            body.fields().forEach(changed.settings::put);
            return new Reply(204, null);
        }
        if (operation.equals("data")) {
            return write(mount, path, body);
        }
        for (JsonValue number : body.array("versions")) {
            Version version = secret == null ? null : secret.versions.get(Integer.parseInt(((Literal) number).text()));
            if (version != null) {
                change(version, operation);
            }
        }
        return new Reply(204, null);
    }

    private static void change(Version version, String operation) {
        if (operation.equals("destroy")) {
            version.destroyed = true;
            version.data = Literal.NULL;
        } else if (operation.equals("delete") && isLive(version)) {
            version.deletionTime = TIME;
        } else if (operation.equals("undelete")) {
            version.deletionTime = "";
        }
    }

    private static Obj metadata(Secret secret) {
        Obj versions = new Obj();
        secret.versions.forEach((number, version) -> versions.put(String.valueOf(number), times(version)));
        Obj metadata = new Obj()
                .put("created_time", TIME)
                .put("updated_time", TIME)
                .put("current_version", secret.current)
                .put("oldest_version", secret.versions.isEmpty() ? 0 : secret.versions.firstKey())
                .put("versions", versions);
        secret.settings.fields().forEach(metadata::put);
        return metadata;
    }

    private static Obj times(Version version) {
        return new Obj()
                .put("created_time", TIME)
                .put("deletion_time", version.deletionTime)
                .put("destroyed", version.destroyed ? Literal.TRUE : Literal.FALSE);
    }

    private static Reply read(Secret secret, String query) {
        String number = query.replaceAll(".*version=([0-9]+).*", "$1");
        int wanted = number.matches("[1-9][0-9]*") ? Integer.parseInt(number) : secret.current;
        Version version = secret.versions.get(wanted);
        if (version == null) {
            return notFound();
        }
        boolean readable = isLive(version);
        Obj metadata = times(version)
                .put("version", wanted)
                .put("custom_metadata", secret.settings.fields().get("custom_metadata"));
        return data(
                readable ? 200 : 404,
                new Obj().put("data", readable ? version.data : Literal.NULL).put("metadata", metadata));
    }

    private static boolean isLive(Version version) {
        boolean deleted = version.deletionTime.equals(TIME);
        return !version.destroyed && !deleted;
    }

    private Reply write(Mount mount, String path, Obj body) {
        Secret secret = mount.secrets.getOrDefault(path, new Secret());
        int cas = body.object("options").map(options -> options.number("cas")).orElse(-1);
        if (cas >= 0 && cas != secret.current) {
            return new Reply(400, errors("check-and-set parameter did not match the current version"));
        }
        if (cas < 0 && secret.settings.isTrue("cas_required")) {
            return new Reply(400, errors("check-and-set parameter required for this call"));
        }
        JsonValue data = body.fields().get("data");
        if (!(data instanceof Obj)) {
            return new Reply(400, errors("no data provided"));
        }
        mount.secrets.put(path, secret);
        Version version = new Version();
        version.data = data;
        if (!secret.settings.text("delete_version_after").orElse("0s").equals("0s")) {
            version.deletionTime = "2036-01-01T00:00:00Z";
        }
        secret.versions.put(++secret.current, version);
        // Newer servers take the greater of both limits.
        int max = Math.max(secret.settings.number("max_versions"), defaultMaxVersions);
        secret.versions.headMap(secret.current - max, true).clear();
        return data(200, times(version).put("version", secret.current));
    }
}
