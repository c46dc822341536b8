package io.veloz.wal.archive.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreDeniedException;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.archive.store.probe.ProbeReport;
import io.veloz.wal.archive.store.probe.StoreProbe;
import io.veloz.wal.fault.Logs;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;

/** Network faults: the right exception, never wrong content, never a truncated object or listing. */
@Tag("enumeration")
class S3StoreFaultsTest {
    private static S3ProxyServer server;

    private final byte[] bytes = new byte[100_000];
    private final ObjectContent content = contentOf(bytes);
    private FaultProxy proxy;
    private String uri;
    private ObjectStore direct;
    private ObjectStore store;

    private static ObjectContent contentOf(byte[] bytes) {
        new Random(7).nextBytes(bytes);
        return ObjectContent.of(bytes);
    }

    @BeforeAll
    static void startServer() throws IOException, InterruptedException {
        server = S3ProxyServer.shared();
    }

    @BeforeEach
    void open() throws IOException {
        proxy = FaultProxy.start(server.port());
        uri = S3ProxyServer.newUri();
        direct = server.open(uri);
        store = S3ProxyServer.open(uri, proxy.endpoint());
    }

    @AfterEach
    void close() throws IOException {
        direct.close();
        store.close();
        proxy.close();
    }

    private void fault(Fault fault) {
        proxy.script(request -> fault);
    }

    /** Returns a store with a timeout for responses that never come. A request reaches the server in that time on a busy machine, too. */
    private ObjectStore withShortTimeout() {
        return new S3Store(
                URI.create(uri),
                S3ProxyServer.settings(proxy.endpoint())
                        .attemptTimeout(Duration.ofSeconds(3))
                        .build());
    }

    private boolean isStored(String key) {
        try {
            return direct.head(key).isPresent();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] read(ObjectStore from, String key) throws IOException {
        try (InputStream in = from.get(key)) {
            return in.readAllBytes();
        }
    }

    @Test
    void proxyWithoutFaultsChangesNothing() throws IOException {
        ProbeReport report = StoreProbe.quick(store);
        assertThat(report.isUsable()).as(report.table()).isTrue();
        assertThat(proxy.requests()).hasSize(5);
    }

    @ParameterizedTest
    @CsvSource({
        "500, InternalError, StoreUnavailableException",
        "503, SlowDown, StoreUnavailableException",
        "503, '', StoreUnavailableException",
        "400, RequestTimeout, StoreUnavailableException",
        "400, BadDigest, StoreUnavailableException",
        "409, ConditionalRequestConflict, StoreUnavailableException",
        "200, SlowDown, StoreUnavailableException",
        "200, '', StoreUnavailableException",
        "403, AccessDenied, StoreDeniedException",
        "403, InvalidAccessKeyId, StoreDeniedException",
        "403, SignatureDoesNotMatch, StoreDeniedException",
        "403, RequestTimeTooSkewed, StoreDeniedException",
        "400, ExpiredToken, StoreDeniedException",
        "403, '', StoreDeniedException",
        "401, '', StoreDeniedException",
        "301, PermanentRedirect, StoreDeniedException",
        "400, AuthorizationHeaderMalformed, StoreDeniedException",
        "412, AccessDenied, StoreDeniedException",
        "404, NoSuchBucket, StoreException",
        "400, EntityTooLarge, StoreException"
    })
    void errorTypeDependsOnTheNextStep(int status, String code, String type) {
        fault(Fault.error(status, code, "message of the store"));
        List<StoreCall> calls = new ArrayList<>(List.of(
                () -> store.putIfAbsent("a", content),
                () -> read(store, "a"),
                () -> store.head("a"),
                () -> store.get("a", 1, 2).readAllBytes(),
                () -> store.list("", "")));
        for (StoreCall call : calls) {
            Throwable refusal = catchThrowable(call::run);
            assertThat(refusal).isInstanceOf(StoreException.class);
            assertThat(refusal.getClass().getSimpleName())
                    .as(refusal.toString())
                    .isEqualTo(type);
            assertThat(refusal).hasMessageContaining(uri.substring(5));
        }
        assertThat(proxy.requests()).as("nothing is retried").hasSize(calls.size());
        assertThat(catchThrowable(() -> store.delete(List.of("a", "b")))
                        .getClass()
                        .getSimpleName())
                .isEqualTo(type);
    }

    private interface StoreCall {
        void run() throws IOException;
    }

    @ParameterizedTest
    @CsvSource({
        "RequestTimeTooSkewed, correct the clock",
        "ExpiredToken, renew the credentials",
        "InvalidAccessKeyId, correct the credentials",
        "PermanentRedirect, set the region",
        "AccessDenied, grant this user the permissions"
    })
    void denialContainsTheNextStep(String code, String next) {
        fault(Fault.error(403, code, "no"));
        assertThatThrownBy(() -> store.list("", ""))
                .isInstanceOf(StoreDeniedException.class)
                .hasMessageContaining(code)
                .hasMessageContaining(next);
    }

    @Test
    void preconditionFailedMeansThatTheObjectExists() throws IOException {
        fault(Fault.error(412, "PreconditionFailed", "it exists"));
        assertThat(store.putIfAbsent("a", content)).isFalse();
        fault(Fault.error(412, "", ""));
        assertThat(store.putIfAbsent("a", content)).isFalse();
    }

    @Test
    void uploadCutAtAnyByteStoresNothing() throws IOException {
        for (int cut : new int[] {0, 1, 50_000, 99_999, 100_000}) {
            fault(Fault.resetUpload(cut));
            assertThatThrownBy(() -> store.putIfAbsent("a", content)).isInstanceOf(StoreUnavailableException.class);
            assertThat(direct.head("a")).isEmpty();
        }
        assertThat(proxy.requests()).as("nothing is sent twice").hasSize(5);
    }

    @Test
    void stalledUploadTimesOut() throws IOException {
        fault(Fault.stallUpload(10));
        try (ObjectStore shortTimeout = withShortTimeout()) {
            ObjectContent large = ObjectContent.of(new byte[20_000_000]);
            assertThatThrownBy(() -> shortTimeout.putIfAbsent("a", large))
                    .isInstanceOf(StoreUnavailableException.class);
        }
        assertThat(Thread.currentThread().isInterrupted())
                .as("the timeout does not interrupt the caller")
                .isFalse();
        assertThat(direct.list("", "")).isEmpty();
    }

    @Test
    void putWithoutAResponseIsUnavailableAndStored() throws IOException {
        fault(Fault.unanswered());
        for (ObjectContent each : List.of(content, ObjectContent.of(new byte[0]))) {
            String key = "bytes-" + each.length();
            assertThatThrownBy(() -> store.putIfAbsent(key, each)).isInstanceOf(StoreUnavailableException.class);
            assertThat(direct.head(key)).contains(new StoredObject(key, each.length()));
        }
        assertThat(proxy.requests()).as("nothing is sent twice").hasSize(2);
        fault(Fault.none());
        assertThat(store.putIfAbsent("bytes-100000", content)).isFalse();
        assertThat(read(store, "bytes-100000")).isEqualTo(bytes);
    }

    @Test
    void putOnAReusedConnectionIsSentOnce() throws IOException {
        for (ObjectContent each : List.of(content, ObjectContent.of(new byte[0]))) {
            fault(Fault.none());
            store.list("", "");
            int before = proxy.requests().size();
            fault(Fault.unanswered());
            assertThatThrownBy(() -> store.putIfAbsent("used-" + each.length(), each))
                    .isInstanceOf(StoreUnavailableException.class);
            assertThat(proxy.requests()).hasSize(before + 1);
        }
    }

    @Test
    void storeThatNeverRespondsTimesOut() throws IOException {
        fault(Fault.silent());
        try (ObjectStore shortTimeout = withShortTimeout()) {
            assertThatThrownBy(() -> shortTimeout.putIfAbsent("a", content))
                    .isInstanceOf(StoreUnavailableException.class);
            assertThatThrownBy(() -> shortTimeout.list("", "")).isInstanceOf(StoreUnavailableException.class);
        }
        assertThat(Thread.currentThread().isInterrupted())
                .as("the timeout does not interrupt the caller")
                .isFalse();
        // The server may store it after the client has given up.
        Logs.await("the put is stored", () -> isStored("a"));
        assertThat(read(direct, "a")).isEqualTo(bytes);
    }

    @Test
    void delayedDuplicateOfAPutChangesNothing() throws IOException {
        assertThat(store.putIfAbsent("a", content)).isTrue();
        HttpMessage put = proxy.requests().get(0);
        assertThat(proxy.sendAgain(put)).isEqualTo(412);
        assertThat(read(direct, "a")).isEqualTo(bytes);
    }

    @Test
    void delayedPutLosesAgainstAnEarlierOne() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        CountDownLatch arrived = new CountDownLatch(1);
        proxy.script(request -> {
            arrived.countDown();
            return Fault.hold(gate);
        });
        CompletableFuture<Boolean> late = CompletableFuture.supplyAsync(() -> {
            try {
                return store.putIfAbsent("a", ObjectContent.of(new byte[3]));
            } catch (StoreException e) {
                throw new IllegalStateException(e);
            }
        });
        arrived.await();
        assertThat(direct.putIfAbsent("a", content)).isTrue();
        gate.countDown();
        assertThat(late.get()).isFalse();
        assertThat(read(direct, "a")).isEqualTo(bytes);
    }

    @Test
    void interruptDuringAPutIsKept() throws Exception {
        CountDownLatch arrived = new CountDownLatch(1);
        proxy.script(request -> {
            arrived.countDown();
            return Fault.silent();
        });
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        CompletableFuture<Boolean> flag = new CompletableFuture<>();
        try (ObjectStore shortTimeout = withShortTimeout()) {
            Thread writer = new Thread(() -> {
                failure.complete(catchThrowable(() -> shortTimeout.putIfAbsent("a", content)));
                flag.complete(Thread.currentThread().isInterrupted());
            });
            writer.start();
            arrived.await();
            writer.interrupt();
            assertThat(failure.get()).isInstanceOf(StoreUnavailableException.class);
            assertThat(flag.get()).isTrue();
        }
    }

    @Test
    void truncatedResponseIsAnError() throws IOException {
        direct.putIfAbsent("a", content);
        for (Function<Integer, Fault> kind :
                List.<Function<Integer, Fault>>of(Fault::cutDownload, Fault::resetDownload)) {
            for (int cut : new int[] {0, 1, 50_000, 99_999}) {
                fault(kind.apply(cut));
                assertThatThrownBy(() -> read(store, "a")).isInstanceOf(IOException.class);
                assertThatThrownBy(() -> store.get("a", 0, 100_000).readAllBytes())
                        .isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void stalledResponseTimesOut() throws IOException {
        direct.putIfAbsent("a", content);
        fault(Fault.stallDownload(5_000));
        try (ObjectStore shortTimeout = withShortTimeout()) {
            assertThatThrownBy(() -> read(shortTimeout, "a"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("of 100000 bytes");
        }
    }

    @Test
    void truncatedListIsAnError() throws IOException {
        for (int i = 0; i < 20; i++) {
            direct.putIfAbsent("k" + i, ObjectContent.of(new byte[1]));
        }
        for (int cut : new int[] {0, 1, 200, 1_000, 2_000}) {
            fault(Fault.cutDownload(cut));
            assertThatThrownBy(() -> store.list("", ""))
                    .as("cut at " + cut)
                    .isInstanceOf(StoreUnavailableException.class);
        }
    }

    @Test
    void emptyPageThatIsNotTheLastIsSkipped() throws IOException {
        direct.putIfAbsent("a", content);
        AtomicInteger count = new AtomicInteger();
        proxy.script(request -> count.getAndIncrement() > 0
                ? Fault.none()
                : Fault.answer(
                        200,
                        "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>elsewhere/x</Key><Size>1</Size>"
                                + "</Contents></ListBucketResult>"));
        assertThat(store.list("", "")).containsExactly(new StoredObject("a", 100_000));
        assertThat(count.get()).isEqualTo(2);
    }

    @Test
    void listOutOfOrderIsAnError() {
        String prefix = uri.substring(uri.indexOf("/t/") + 1) + "/";
        fault(Fault.answer(
                200,
                "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>" + prefix
                        + "b</Key><Size>1</Size></Contents><Contents><Key>" + prefix
                        + "a</Key><Size>1</Size></Contents></ListBucketResult>"));
        assertThatThrownBy(() -> store.list("", ""))
                .isExactlyInstanceOf(StoreException.class)
                .hasMessageContaining("in the order");
    }

    @Test
    void hiddenKeysFailTheProbe() throws IOException {
        fault(Fault.hideKeys(key -> true));
        ProbeReport report = StoreProbe.quick(store);
        assertThat(report.isUsable()).isFalse();
        assertThat(report.verdict()).contains("not usable").contains("the list shows an object right after its put");
    }

    @Test
    void storeThatIgnoresRangesIsAnError() throws IOException {
        fault(Fault.object("the whole object"));
        assertThatThrownBy(() -> store.get("a", 4, 5))
                .isExactlyInstanceOf(StoreException.class)
                .hasMessageContaining("does not support ranges");
        assertThatThrownBy(() -> store.get("a", 0, 5)).isExactlyInstanceOf(StoreException.class);
        assertThat(store.get("a", 0, 100).readAllBytes()).hasSize(16);
        assertThat(store.head("a")).contains(new StoredObject("a", 16));
    }

    @Test
    void invalidResponseIsUnavailable() {
        for (String body : List.of(
                "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>x</Size></Contents>"
                        + "</ListBucketResult>",
                "<html><body>log in first</body></html>",
                "<a><b></a>",
                "{}")) {
            fault(Fault.answer(200, body));
            assertThatThrownBy(() -> store.list("", "")).as(body).isInstanceOf(StoreUnavailableException.class);
            assertThatThrownBy(() -> store.delete(List.of("a"))).as(body).isInstanceOf(StoreUnavailableException.class);
        }
    }

    @Test
    void responseWithoutAnETagIsNotFromTheStore() {
        fault(Fault.answer(200, "a page of a proxy"));
        assertThatThrownBy(() -> store.get("a")).isInstanceOf(StoreUnavailableException.class);
        assertThatThrownBy(() -> store.head("a")).isInstanceOf(StoreUnavailableException.class);
        assertThatThrownBy(() -> store.list("", "")).isInstanceOf(StoreUnavailableException.class);
    }

    @Test
    void wrongByteIsDetectedByTheDigestOfTheCaller() throws IOException {
        direct.putIfAbsent("a", content);
        fault(Fault.wrongByte(17));
        byte[] read = read(store, "a");
        assertThat(ObjectContent.of(read).sha256()).isNotEqualTo(content.sha256());
        assertThat(read).hasSameSizeAs(bytes);
    }

    @Test
    void batchDeleteHasAChecksumHeader() throws IOException {
        direct.putIfAbsent("a", content);
        store.delete(List.of("a", "b"));
        HttpMessage request = proxy.requests().get(0);
        assertThat(request.method()).isEqualTo("POST");
        assertThat(request.header("content-md5") + request.header("x-amz-checksum-crc32"))
                .isNotEmpty();
        assertThat(direct.list("", "")).isEmpty();
    }

    @Test
    void objectsAreDeletedOneByOneIfBatchesAreUnsupported() throws IOException {
        direct.putIfAbsent("a", content);
        proxy.script(
                request -> request.method().equals("POST") ? Fault.error(501, "NotImplemented", "no") : Fault.none());
        store.delete(List.of("a", "b"));
        assertThat(direct.list("", "")).isEmpty();
    }

    @Test
    void uploadIsNotChunkedAndHasItsChecksumInAHeader() throws IOException {
        store.putIfAbsent("a", content);
        HttpMessage plain = proxy.requests().get(0);
        assertThat(plain.header("if-none-match")).isEqualTo("*");
        assertThat(plain.header("content-length")).isEqualTo("100000");
        assertThat(plain.header("x-amz-content-sha256")).isEqualTo(content.sha256());
        assertThat(plain.header("x-amz-checksum-crc32c")).as("a plain header").hasSize(8);
        assertThat(plain.header("content-encoding") + plain.header("x-amz-trailer") + plain.header("expect"))
                .isEmpty();
    }

    @Test
    void settingsReachTheRequest() {
        fault(Fault.error(500, "InternalError", ""));
        Map<String, String> settings = Map.of(
                "endpoint", proxy.endpoint().toString(),
                "region", "eu-central-1",
                "checksumMode", "crc32c",
                "sse", "aws:kms",
                "sseKmsKeyId", "key-7",
                "storageClass", "STANDARD_IA");
        S3Settings.Builder builder =
                S3Settings.builder(S3Settings.of(settings)).credentials(() -> S3ProxyServer.CREDENTIALS);
        try (ObjectStore other = new S3Store(URI.create("s3://bucket/p"), builder.build())) {
            assertThatThrownBy(() -> other.putIfAbsent("a", content)).isInstanceOf(StoreUnavailableException.class);
        }
        HttpMessage put = proxy.requests().get(0);
        assertThat(put.path()).isEqualTo("/bucket/p/a");
        assertThat(put.header("x-amz-checksum-crc32c")).isNotEmpty();
        assertThat(put.header("x-amz-server-side-encryption")).isEqualTo("aws:kms");
        assertThat(put.header("x-amz-server-side-encryption-aws-kms-key-id")).isEqualTo("key-7");
        assertThat(put.header("x-amz-storage-class")).isEqualTo("STANDARD_IA");
        assertThat(put.header("authorization")).contains("/eu-central-1/s3/");
    }

    @Test
    void callTimeoutEndsACallWhoseAttemptMayTakeLonger() {
        fault(Fault.silent());
        S3Settings settings = S3ProxyServer.settings(proxy.endpoint())
                .attemptTimeout(Duration.ofMinutes(5))
                .callTimeout(Duration.ofMillis(500))
                .build();
        try (ObjectStore other = new S3Store(URI.create(uri), settings)) {
            assertThatThrownBy(() -> other.head("a"))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasRootCauseInstanceOf(ApiCallTimeoutException.class);
        }
    }

    @Test
    void missingBucketIsNotAMissingObject() {
        try (ObjectStore other = S3ProxyServer.open("s3://no-such-bucket/p", server.endpoint())) {
            assertThatThrownBy(() -> other.head("a"))
                    .isExactlyInstanceOf(StoreException.class)
                    .hasMessageContaining("NoSuchBucket");
            assertThatThrownBy(() -> other.get("a")).isNotInstanceOf(NoSuchObjectException.class);
            assertThatThrownBy(() -> other.list("", "")).isExactlyInstanceOf(StoreException.class);
            assertThatThrownBy(() -> other.putIfAbsent("a", content)).isExactlyInstanceOf(StoreException.class);
        }
    }

    @Test
    void wrongSecretIsDenied() {
        S3Settings wrong = S3ProxyServer.settings(server.endpoint())
                .credentials(() -> new S3Credentials("test-id", "another-secret", null))
                .build();
        try (ObjectStore other = new S3Store(URI.create(uri), wrong)) {
            assertThatThrownBy(() -> other.putIfAbsent("a", content)).isInstanceOf(StoreDeniedException.class);
            assertThatThrownBy(() -> other.head("a")).isInstanceOf(StoreDeniedException.class);
        }
    }

    @Test
    void unknownHostAndClosedPortAreUnavailable() throws IOException {
        for (URI nowhere : List.of(
                URI.create("http://no-such-host.invalid"),
                URI.create("http://127.0.0.1:" + ServerProcess.freePort()))) {
            try (ObjectStore other = S3ProxyServer.open(uri, nowhere)) {
                assertThatThrownBy(() -> other.list("", ""))
                        .isInstanceOf(StoreUnavailableException.class)
                        .hasMessageContaining("list");
            }
        }
    }

    @Test
    void contentThatCannotBeReadIsNotAnErrorOfTheStore() throws IOException {
        ObjectContent broken = new ObjectContent() {
            @Override
            public long length() {
                return 10;
            }

            @Override
            public String sha256() {
                return content.sha256();
            }

            @Override
            public InputStream open() {
                return new java.io.ByteArrayInputStream(new byte[9]);
            }
        };
        assertThatThrownBy(() -> store.putIfAbsent("a", broken))
                .isExactlyInstanceOf(StoreException.class)
                .hasMessageContaining("expected 10");
        assertThat(direct.head("a")).isEmpty();
    }
}
