package io.veloz.wal.archive.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An error contains the next step for its code, and no control characters. */
@Timeout(60)
class S3AdviceTest {
    private static Throwable refusal(Fault fault, Call call) throws IOException {
        try (FaultProxy proxy = FaultProxy.start(1)) {
            proxy.script(request -> fault);
            try (ObjectStore store = new S3Store(
                    URI.create("s3://bucket/p"),
                    S3ProxyServer.settings(proxy.endpoint()).build())) {
                return catchThrowable(() -> call.on(store));
            }
        }
    }

    private interface Call {
        void on(ObjectStore store) throws IOException;
    }

    @ParameterizedTest
    @CsvSource({
        "403, InvalidObjectState, StoreDeniedException, Glacier",
        "400, KMS.DisabledException, StoreDeniedException, enable the key",
        "400, KMS.KMSInvalidStateException, StoreDeniedException, enable the key",
        "400, KMS.NotFoundException, StoreDeniedException, kms:GenerateDataKey",
        "400, KMS.ThrottlingException, StoreUnavailableException, KMS.ThrottlingException",
        "403, QuotaExceeded, StoreDeniedException, quota",
        "400, XMinioAdminBucketQuotaExceeded, StoreDeniedException, quota",
        "507, XMinioStorageFull, StoreDeniedException, full",
        "507, '', StoreDeniedException, full",
        "413, '', StoreDeniedException, limits the size of requests",
        "403, AllAccessDisabled, StoreDeniedException, account",
        "403, NotSignedUp, StoreDeniedException, account",
        "403, AccessDenied, StoreDeniedException, permissions",
        "403, SignatureDoesNotMatch, StoreDeniedException, SignatureDoesNotMatch (status 403",
    })
    void codeHasSpecificAdvice(int status, String code, String type, String advice) throws IOException {
        Throwable refusal = refusal(Fault.error(status, code, "message of the store"), store -> store.list("", ""));
        assertThat(refusal.getClass().getSimpleName()).as(refusal.toString()).isEqualTo(type);
        assertThat(refusal).hasMessageContaining(advice);
        if (!code.equals("AccessDenied")) {
            assertThat(refusal.getMessage()).doesNotContain("docs/archive.md");
        }
    }

    @Test
    void sentenceAboutASignatureIsPrinted() throws IOException {
        String sentence = "The request signature we calculated does not match the signature you provided.";
        assertThat(refusal(Fault.error(403, "SignatureDoesNotMatch", sentence), store -> store.list("", "")))
                .hasMessageContaining(sentence);
    }

    @Test
    void controlCharactersOfTheStoreAreNotPrinted() throws IOException {
        String forged = "x\u009b2J\u202e\u2028&#13;&#10;verdict: sound";
        for (Throwable refusal : List.of(
                refusal(Fault.error(400, "Odd", forged), store -> store.list("", "")),
                refusal(Fault.error(400, forged, "message"), store -> store.list("", "")),
                refusal(
                        Fault.answer(
                                200,
                                "<DeleteResult><Error><Key>" + forged + "</Key><Code>AccessDenied</Code></Error>"
                                        + "</DeleteResult>"),
                        store -> store.delete(List.of("a"))))) {
            assertThat(refusal).isInstanceOf(IOException.class);
            assertThat(refusal.getMessage())
                    .contains("verdict")
                    .doesNotContainPattern("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]");
        }
    }

    @Test
    void controlCharactersOfAKeyAreNotPrinted() throws IOException {
        Throwable refusal = refusal(Fault.none(), store -> store.head("a\u001b[2J\n"));
        assertThat(refusal.getMessage()).doesNotContainPattern("\\p{Cc}");
    }
}
