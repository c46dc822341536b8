package io.veloz.wal.archive.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.StoreDeniedException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Uploads have a checksum, which Object Lock requires, and still work with stores that support none. */
@Timeout(60)
class S3ChecksumTest {
    private static final ObjectContent CONTENT = ObjectContent.of("content".getBytes(StandardCharsets.UTF_8));
    private static final String MD5 = "mgNkuembtIDdJeHwKEyFVQ==";

    private FaultProxy proxy;

    @BeforeEach
    void start() throws IOException {
        proxy = FaultProxy.start(1);
    }

    @AfterEach
    void stop() throws IOException {
        proxy.close();
    }

    private S3Store store(S3Settings.Checksums mode) {
        S3Settings settings =
                S3ProxyServer.settings(proxy.endpoint()).checksums(mode).build();
        return new S3Store(URI.create("s3://bucket/p"), settings);
    }

    /** The response of S3 for a bucket with Object Lock. */
    private static Fault objectLock(HttpMessage request) {
        boolean hasChecksum = !request.header("content-md5").isEmpty()
                || !request.header("x-amz-checksum-crc32c").isEmpty();
        return hasChecksum
                ? Fault.object("")
                : Fault.error(
                        400,
                        "InvalidRequest",
                        "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock"
                                + " parameters");
    }

    /** A store that does not implement checksum headers. */
    private static Fault withoutChecksums(HttpMessage request) {
        return request.header("x-amz-checksum-crc32c").isEmpty()
                ? Fault.object("")
                : Fault.error(
                        501, "NotImplemented", "A header you provided implies functionality that is not implemented");
    }

    @Test
    void bucketWithObjectLockAcceptsUploadsByDefault() throws IOException {
        proxy.script(S3ChecksumTest::objectLock);
        try (S3Store store = new S3Store(
                URI.create("s3://bucket/p"),
                S3ProxyServer.settings(proxy.endpoint()).build())) {
            assertThat(store.putIfAbsent("a", CONTENT)).isTrue();
        }
        assertThat(proxy.requests()).hasSize(1);
        // CRC32C of "content", as four bytes in Base64.
        assertThat(proxy.requests().get(0).header("x-amz-checksum-crc32c")).hasSize(8);
        assertThat(proxy.requests().get(0).header("transfer-encoding")).isEmpty();
    }

    @Test
    void storeWithoutChecksumHeadersReceivesContentMd5() throws IOException {
        proxy.script(S3ChecksumTest::withoutChecksums);
        try (S3Store store = store(S3Settings.Checksums.AUTO)) {
            assertThat(store.putIfAbsent("a", CONTENT)).isTrue();
            assertThat(store.putIfAbsent("b", CONTENT)).isTrue();
        }
        assertThat(proxy.requests()).as("the second put uses MD5 directly").hasSize(3);
        assertThat(proxy.requests().get(1).header("content-md5")).isEqualTo(MD5);
        assertThat(proxy.requests().get(2).header("content-md5")).isEqualTo(MD5);
        assertThat(proxy.requests().get(2).header("x-amz-checksum-crc32c")).isEmpty();
    }

    @Test
    void otherErrorsDoNotChangeTheChecksum() throws IOException {
        proxy.script(request -> Fault.error(503, "SlowDown", ""));
        try (S3Store store = store(S3Settings.Checksums.AUTO)) {
            assertThatThrownBy(() -> store.putIfAbsent("a", CONTENT)).isInstanceOf(IOException.class);
        }
        assertThat(proxy.requests()).hasSize(1);
    }

    @Test
    void md5CanBeChosen() throws IOException {
        proxy.script(S3ChecksumTest::objectLock);
        try (S3Store store = store(S3Settings.Checksums.MD5)) {
            assertThat(store.putIfAbsent("a", CONTENT)).isTrue();
        }
        assertThat(proxy.requests().get(0).header("content-md5")).isEqualTo(MD5);
    }

    @Test
    void objectLockWithoutAChecksumIsReportedWithTheNextStep() throws IOException {
        proxy.script(S3ChecksumTest::objectLock);
        try (S3Store store = store(S3Settings.Checksums.WHEN_REQUIRED)) {
            assertThatThrownBy(() -> store.putIfAbsent("a", CONTENT))
                    .isInstanceOf(StoreDeniedException.class)
                    .hasMessageContaining("Object Lock")
                    .hasMessageContaining("checksumMode");
        }
    }
}
