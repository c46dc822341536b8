package io.veloz.wal.archive.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.veloz.wal.archive.store.StoreDeniedException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Credentials come from the configured source, and a failing source is reported. */
@Timeout(60)
class S3CredentialsTest {
    private static final String ASSUMED = """
            <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
              <AssumeRoleWithWebIdentityResult>
                <Credentials>
                  <AccessKeyId>ASIAFROMSTS</AccessKeyId>
                  <SecretAccessKey>secret-from-sts</SecretAccessKey>
                  <SessionToken>token-from-sts</SessionToken>
                  <Expiration>2126-01-01T00:00:00Z</Expiration>
                </Credentials>
              </AssumeRoleWithWebIdentityResult>
            </AssumeRoleWithWebIdentityResponse>
            """;

    @TempDir
    Path dir;

    private final Map<String, String> replaced = new HashMap<>();
    private FaultProxy proxy;

    @BeforeEach
    void start() throws IOException {
        proxy = FaultProxy.start(1);
        set("aws.endpointUrlSts", proxy.endpoint().toString());
        set("aws.region", "us-east-1");
        set("aws.disableEc2Metadata", "true");
        set("aws.configFile", dir.resolve("config").toString());
        set("aws.sharedCredentialsFile", dir.resolve("credentials").toString());
        Files.writeString(dir.resolve("token"), "a-token");
    }

    @AfterEach
    void stop() throws IOException {
        proxy.close();
        replaced.forEach((name, value) -> {
            if (value == null) {
                System.clearProperty(name);
            } else {
                System.setProperty(name, value);
            }
        });
    }

    private void set(String property, String value) {
        replaced.put(property, System.setProperty(property, value));
    }

    private S3Store store(S3Settings.Builder settings, Map<String, String> environment) {
        return new S3Store(
                URI.create("s3://bucket/p"),
                settings.endpoint(proxy.endpoint().toString()).build(),
                environment::get);
    }

    private Map<String, String> webIdentity() {
        return Map.of(
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                dir.resolve("token").toString(),
                "AWS_ROLE_ARN",
                "arn:aws:iam::123456789012:role/archive");
    }

    @Test
    void webIdentityIsExchangedForARole() throws IOException {
        proxy.script(
                request -> request.method().equals("POST") && request.path().equals("/")
                        ? Fault.answer(200, ASSUMED)
                        : Fault.error(403, "AccessDenied", ""));
        try (S3Store store = store(S3Settings.builder(), webIdentity())) {
            assertThat(catchThrowable(() -> store.list("", ""))).isInstanceOf(StoreDeniedException.class);
        }
        HttpMessage last = proxy.requests().get(proxy.requests().size() - 1);
        assertThat(last.header("authorization")).contains("Credential=ASIAFROMSTS/");
        assertThat(last.header("x-amz-security-token")).isEqualTo("token-from-sts");
    }

    @Test
    void rejectedWebIdentityIsReportedAndNoOtherSourceIsUsed() throws IOException {
        proxy.script(request -> Fault.answer(
                403,
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                        + "<Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error>"
                        + "</ErrorResponse>"));
        try (S3Store store = store(S3Settings.builder(), webIdentity())) {
            assertThatThrownBy(() -> store.list("", ""))
                    .isInstanceOf(StoreDeniedException.class)
                    .hasMessageContaining("no credentials")
                    .hasMessageContaining("sts:AssumeRoleWithWebIdentity")
                    .hasMessageContaining("check the role");
        }
        assertThat(proxy.requests()).allMatch(request -> request.path().equals("/"));
    }

    @Test
    void unavailableTokenServiceIsTemporary() throws IOException {
        proxy.script(request -> Fault.resetUpload(0));
        try (S3Store store = store(S3Settings.builder(), webIdentity())) {
            assertThatThrownBy(() -> store.list("", "")).isInstanceOf(StoreUnavailableException.class);
        }
    }

    @Test
    void webIdentityWithoutARoleIsRejectedByName() {
        assertThatThrownBy(() -> store(S3Settings.builder(), Map.of("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("AWS_ROLE_ARN");
    }

    @Test
    void singleSignOnProfileWithoutALoginIsReported() throws IOException {
        Files.writeString(dir.resolve("config"), """
                [profile trading]
                sso_session = company
                sso_account_id = 123456789012
                sso_role_name = archive
                [sso-session company]
                sso_region = us-east-1
                sso_start_url = https://example.invalid/start
                """);
        try (S3Store store = store(S3Settings.builder().profile("trading"), Map.of())) {
            assertThatThrownBy(() -> store.list("", ""))
                    .isInstanceOf(StoreDeniedException.class)
                    .hasMessageContaining("aws sso login");
        }
        assertThat(proxy.requests()).isEmpty();
    }

    @Test
    void missingProfileIsReported() throws IOException {
        try (S3Store store = store(S3Settings.builder(), Map.of("AWS_PROFILE", "nowhere"))) {
            assertThatThrownBy(() -> store.list("", ""))
                    .isInstanceOf(StoreDeniedException.class)
                    .hasMessageContaining("nowhere");
        }
    }

    @Test
    void missingCredentialsAreReportedWithTheNextStep() throws IOException {
        try (S3Store store = store(S3Settings.builder(), Map.of())) {
            assertThatThrownBy(() -> store.list("", ""))
                    .isInstanceOf(StoreDeniedException.class)
                    .hasMessageContaining("AWS_ACCESS_KEY_ID");
        }
    }
}
