package io.veloz.wal.archive.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Secret key, session token and signed data are never printed. */
class S3RedactionTest {
    private static final String SECRET = "sEcReT-4711-abcdefgh";
    private static final String TOKEN = "tOkEn-0815-ijklmnop";
    private static final S3Credentials CREDENTIALS = new S3Credentials("AKIDEXAMPLE", SECRET, TOKEN);

    @Test
    void errorsContainNoSignedData() throws IOException {
        try (FaultProxy proxy = FaultProxy.start(1)) {
            S3Settings settings = S3ProxyServer.settings(proxy.endpoint())
                    .credentials(() -> CREDENTIALS)
                    .build();
            try (ObjectStore store = new S3Store(URI.create("s3://bucket/p"), settings)) {
                // A store whose error message repeats the whole request.
                proxy.script(request -> Fault.error(403, "SignatureDoesNotMatch", String.join(" ", request.head())));
                checkAll(store);
                proxy.script(request -> Fault.error(500, "Odd", request.header("x-amz-security-token")));
                checkAll(store);
                proxy.script(request -> Fault.resetUpload(0));
                checkAll(store);
                proxy.script(request -> Fault.answer(200, String.join(" ", request.head())));
                checkAll(store);
                assertThat(store.describe() + store + settings + CREDENTIALS).satisfies(S3RedactionTest::checkText);
            }
            assertThat(proxy.requests())
                    .anyMatch(request -> request.header("x-amz-security-token").equals(TOKEN));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "TOKEN",
                "token=FQoGZXIvYXdzEBY%2FlongEnough%2Bto%2FbeAToken%3D%3D;x",
                "token=FQoGZXIvYXdzEBY%2flongEnough%2bto%2fbeAToken%3d%3d;x",
                "token=FQoGZXIvYXdzEBY%252FlongEnough%252Bto%252FbeAToken%253D%253D;x",
                "{\"t\":\"FQoGZXIvYXdzEBY\\/longEnough\\u002bto\\/beAToken\\u003d\\u003d\"}",
                "&lt;t>FQoGZXIvYXdzEBY&amp;#x2F;longEnough&amp;#43;to/beAToken==",
                "cut off: FQoGZXIvYXdzEBY/longEno",
            })
    void encodedOrCutTokenIsHidden(String form) throws IOException {
        String token = "FQoGZXIvYXdzEBY/longEnough+to/beAToken==";
        try (FaultProxy proxy = FaultProxy.start(1)) {
            S3Settings settings = S3ProxyServer.settings(proxy.endpoint())
                    .credentials(() -> new S3Credentials("AKIDEXAMPLE", SECRET, token))
                    .build();
            try (ObjectStore store = new S3Store(URI.create("s3://bucket/p"), settings)) {
                String text = form.replace("TOKEN", token);
                proxy.script(request -> Fault.error(400, "InvalidToken", "before " + text + " after"));
                assertThat(catchThrowable(() -> store.list("", "")).getMessage())
                        .contains("before", "[hidden]")
                        .doesNotContain("FQoGZXIv", "longEnough", "beAToken");
            }
        }
    }

    private static void checkAll(ObjectStore store) {
        for (Throwable failure : List.of(
                catchThrowable(() -> store.putIfAbsent("a", ObjectContent.of(new byte[3]))),
                catchThrowable(() -> store.get("a")),
                catchThrowable(() -> store.head("a")),
                catchThrowable(() -> store.list("", "")),
                catchThrowable(() -> store.delete(List.of("a", "b"))))) {
            checkText(trace(failure));
        }
    }

    private static void checkText(String text) {
        assertThat(text).doesNotContain(SECRET, TOKEN, "AWS4-HMAC", "Signature=", "X-Amz-Signature");
    }

    @Test
    void rejectedUriOrEndpointIsNotPrinted() {
        for (String uri : List.of(
                "s3://AKID:" + SECRET + "@bucket/p",
                "s3://bucket/p?X-Amz-Signature=" + SECRET,
                "s3://bucket/p#" + SECRET,
                "s3://AKID:" + SECRET + "^@bucket/p")) {
            assertThat(traceOf(catchThrowable(() -> ObjectStores.open(uri)))).doesNotContain(SECRET);
        }
        for (String endpoint : List.of("https://AKID:" + SECRET + "@host", "https://host?x=" + SECRET, SECRET + "^")) {
            assertThat(traceOf(catchThrowable(() -> S3Settings.of(Map.of("endpoint", endpoint)))))
                    .doesNotContain(SECRET);
        }
        assertThat(traceOf(catchThrowable(() -> S3Settings.of(Map.of("secretAccessKey", SECRET)))))
                .doesNotContain(SECRET)
                .contains("secretAccessKey")
                .contains("pathStyle");
    }

    private static String traceOf(Throwable failure) {
        assertThat(failure).isInstanceOf(IllegalArgumentException.class);
        return trace(failure);
    }

    /** Returns what a log would show of a failure, with its causes. */
    private static String trace(Throwable failure) {
        StringWriter trace = new StringWriter();
        failure.printStackTrace(new PrintWriter(trace));
        return trace.toString();
    }

    @Test
    void settingsArePrintedWithoutCredentials() {
        S3Settings settings = S3Settings.builder(S3Settings.of(Map.of(
                        "endpoint", "https://minio.internal:9000",
                        "region", "eu-west-3",
                        "sse", "aws:kms",
                        "sseKmsKeyId", "key-7",
                        "attemptTimeout", "7s")))
                .credentials(() -> CREDENTIALS)
                .build();
        assertThat(settings.toString())
                .contains("https://minio.internal:9000", "eu-west-3", "KMS", "key-7", "PT7S")
                .doesNotContain(SECRET, TOKEN, "AKIDEXAMPLE");
        assertThat(CREDENTIALS.toString()).contains("AKIDEXAMPLE").doesNotContain(SECRET, TOKEN);
        try (S3Store store = new S3Store(URI.create("s3://bucket/p"), settings)) {
            assertThat(store).hasToString("s3://bucket/p/");
        }
    }
}
