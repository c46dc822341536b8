package io.veloz.wal.backup.internal.vault;

import io.veloz.wal.backup.internal.http.BoundedBody;
import io.veloz.wal.backup.internal.profile.VaultSettings;
import io.veloz.wal.backup.internal.vault.JsonValue.Obj;
import io.veloz.wal.backup.internal.vault.VaultException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to Vault's HTTP API with one token. It repeats requests that failed by connection, rate limit or server
 * error, so each request that it sends must be repeatable. It belongs to one thread.
 */
final class VaultClient {
    /** Vault's own limit of a request is 32 MiB. */
    static final int MAX_RESPONSE_BYTES = 40 * 1024 * 1024;

    private static final Set<Integer> TRY_AGAIN = Set.of(408, 412, 429, 500, 502, 503, 504);
    private static final int MAX_REDIRECTS = 3;

    /**
     * How often and how long a request is tried.
     *
     * @param attempts 1 to try once
     * @param firstPause doubled for each further attempt
     * @param timeout of one attempt: to connect, to the headers, and again to the end of the body
     */
    record Patience(int attempts, Duration firstPause, Duration timeout) {
        static final Patience NORMAL = new Patience(5, Duration.ofMillis(250), Duration.ofSeconds(30));
    }

    /**
     * An answer of the server.
     *
     * @param status 200, 204, 400, or 404
     * @param body empty object if the answer has none
     */
    record Answer(int status, Obj body) {
        boolean found() {
            return status < 300;
        }

        /** Returns the field that contains the answer proper; a 404 of a deleted version has it, too. */
        Obj data() {
            return body.object("data").orElseGet(Obj::new);
        }
    }

    private final VaultSettings settings;
    private final Patience patience;
    private final String token;
    private final HttpClient http;

    VaultClient(VaultSettings settings, Patience patience) {
        this.settings = settings;
        this.patience = patience;
        this.token = VaultToken.read(settings.tokenFile());
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .proxy(HttpClient.Builder.NO_PROXY)
                .connectTimeout(patience.timeout());
        settings.certificates().ifPresent(file -> builder.sslContext(trusting(file)));
        this.http = builder.build();
    }

    private static SSLContext trusting(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
            authorities.load(null, null);
            int count = 0;
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                authorities.setCertificateEntry("authority" + count++, certificate);
            }
            if (count == 0) {
                throw new VaultException(Reason.UNUSABLE, "vault.certificates " + file + " contains no certificate");
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(authorities);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new VaultException(
                    Reason.UNUSABLE, "vault.certificates " + file + " cannot be read: " + e.getMessage());
        }
    }

    Answer get(String path) throws IOException {
        return exchange("GET", path, "", null);
    }

    Answer get(String path, String query) throws IOException {
        return exchange("GET", path, "?" + query, null);
    }

    /** Lists a folder, whose path ends with a slash. */
    Answer list(String folder) throws IOException {
        return exchange("LIST", folder, "", null);
    }

    Answer post(String path, Obj body) throws IOException {
        byte[] bytes = body.toBytes();
        try {
            return exchange("POST", path, "", bytes);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    private Answer exchange(String method, String path, String query, byte @Nullable [] body) throws IOException {
        String what = "Vault: " + method + " " + path + query;
        String last = "";
        for (int attempt = 1; attempt <= patience.attempts(); attempt++) {
            if (attempt > 1) {
                pause(attempt);
            }
            try {
                HttpResponse<byte[]> response = follow(what, method, path, query, body);
                if (!TRY_AGAIN.contains(response.statusCode()) || isSealed(response)) {
                    return answer(what, response);
                }
                last = "HTTP status " + response.statusCode();
            } catch (InterruptedIOException e) {
                throw e;
            } catch (IOException e) {
                refuseUntrusted(what, e);
                last = e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
            }
        }
        throw new IOException(what + ": " + last + ", after " + patience.attempts() + " attempts");
    }

    private void pause(int attempt) throws IOException {
        long end = System.nanoTime() + (patience.firstPause().toNanos() << (attempt - 2));
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
            if (Thread.interrupted()) {
                throw interrupted();
            }
        }
    }

    private static InterruptedIOException interrupted() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted while waiting for Vault");
    }

    /** Follows a redirect only to the same origin: the request carries the token. */
    private HttpResponse<byte[]> follow(String what, String method, String path, String query, byte @Nullable [] body)
            throws IOException {
        URI origin = settings.address();
        URI uri = URI.create(origin.toString().replaceAll("/+$", "") + "/v1/" + encode(path) + query);
        for (int i = 0; i <= MAX_REDIRECTS; i++) {
            HttpResponse<byte[]> response = send(method, uri, body);
            if (response.statusCode() < 300 || response.statusCode() > 399) {
                return response;
            }
            URI next = location(uri, response);
            boolean keepsMethod = response.statusCode() == 307 || response.statusCode() == 308;
            if (!keepsMethod || !sameOrigin(origin, next)) {
                throw new VaultException(
                        Reason.UNUSABLE,
                        what + ": redirected to " + next.getScheme() + "://"
                                + next.getRawAuthority()
                                + ", which is not followed with a token; set vault.address to the"
                                + " active server");
            }
            uri = next;
        }
        throw new VaultException(Reason.UNUSABLE, what + ": more than " + MAX_REDIRECTS + " redirects");
    }

    private static URI location(URI base, HttpResponse<?> response) throws IOException {
        try {
            return base.resolve(response.headers().firstValue("Location").orElse(""));
        } catch (IllegalArgumentException e) {
            throw new IOException("a redirect without a valid Location", e);
        }
    }

    private static boolean sameOrigin(URI one, URI other) {
        return String.valueOf(one.getScheme()).equalsIgnoreCase(other.getScheme())
                && String.valueOf(one.getRawAuthority()).equalsIgnoreCase(other.getRawAuthority());
    }

    private HttpResponse<byte[]> send(String method, URI uri, byte @Nullable [] body) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .timeout(patience.timeout())
                .header("X-Vault-Token", token)
                .header("X-Vault-Request", "true")
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
        settings.namespace().ifPresent(namespace -> request.header("X-Vault-Namespace", namespace));
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        try {
            return http.send(request.build(), headers -> new BoundedBody(MAX_RESPONSE_BYTES, patience.timeout()));
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    /** A certificate that is not trusted stays so: it is not a failure to try again. */
    private static void refuseUntrusted(String what, IOException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException) {
                throw new VaultException(
                        Reason.UNUSABLE,
                        what + ": the server's certificate is not trusted (" + cause.getMessage()
                                + "); check vault.address and vault.certificates");
            }
        }
    }

    private static Answer answer(String what, HttpResponse<byte[]> response) throws IOException {
        int status = response.statusCode();
        byte[] bytes = response.body();
        try {
            if (status == 403 || status == 401) {
                throw new VaultException(
                        Reason.DENIED, what + ": denied (HTTP status " + status + "); check the token and its policy");
            }
            if (status == 503) {
                throw new VaultException(Reason.SEALED, what + ": the server is sealed; unseal it");
            }
            if (status == 200 || status == 204 || status == 400) {
                return new Answer(status, bytes.length == 0 ? new Obj() : JsonValue.parse(bytes));
            }
            if (status == 404) {
                return new Answer(status, notFound(what, bytes));
            }
            // Not the server's text: it may quote a value of the request.
            throw new VaultException(Reason.UNUSABLE, what + ": unexpected HTTP status " + status);
        } catch (IOException e) {
            throw new IOException(what + ": the answer with HTTP status " + status + " is " + e.getMessage());
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /**
     * Returns the body of a 404 that says that a path has no secret. Refuses that of a proxy, and that of a server without
     * this route, which has a text: a secret that one hides would be missing in the export.
     */
    private static Obj notFound(String what, byte[] bytes) throws IOException {
        Obj body = JsonValue.parse(bytes);
        if (!body.fields().containsKey("errors") && !body.fields().containsKey("data")) {
            throw new IOException("not an answer of Vault");
        }
        if (!body.array("errors").isEmpty()) {
            throw new VaultException(
                    Reason.UNUSABLE, what + ": the server has no such route (HTTP status 404); check the mount");
        }
        return body;
    }

    private static boolean isSealed(HttpResponse<byte[]> response) {
        return response.statusCode() == 503
                && new String(response.body(), StandardCharsets.UTF_8)
                        .toLowerCase(Locale.ROOT)
                        .contains("vault is sealed");
    }

    /** Percent-encodes all but unreserved characters and the slash (RFC 3986). */
    static String encode(String path) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (c < 0x80 && (Character.isLetterOrDigit(c) || "-._~/".indexOf(c) >= 0)) {
                encoded.append(c);
            } else {
                encoded.append(String.format(Locale.ROOT, "%%%02X", (int) c));
            }
        }
        return encoded.toString();
    }
}
