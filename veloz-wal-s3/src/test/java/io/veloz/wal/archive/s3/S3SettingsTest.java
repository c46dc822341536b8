package io.veloz.wal.archive.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.s3.S3Client;

class S3SettingsTest {
    private static final S3Settings OWN_KEY = S3Settings.builder()
            .credentials(() -> new S3Credentials("id", "secret", null))
            .build();

    /** Returns the first request of a client with these environment variables. */
    private static HttpMessage firstRequest(Function<FaultProxy, Map<String, String>> environment) throws IOException {
        try (FaultProxy proxy = FaultProxy.start(1)) {
            proxy.script(request -> Fault.error(500, "InternalError", ""));
            try (S3Client client = S3ClientFactory.open(
                    OWN_KEY,
                    S3ClientFactory.credentials(OWN_KEY, environment.apply(proxy)::get),
                    environment.apply(proxy)::get)) {
                catchThrowable(() -> client.listObjectsV2(request -> request.bucket("bucket")));
            }
            return proxy.requests().get(0);
        }
    }

    @Test
    void endpointAndRegionComeFromTheUsualVariables() throws IOException {
        HttpMessage request = firstRequest(proxy -> Map.of(
                "AWS_ENDPOINT_URL_S3",
                proxy.endpoint().toString(),
                "AWS_ENDPOINT_URL",
                "http://wrong.invalid",
                "AWS_REGION",
                "eu-west-3"));
        assertThat(request.path()).startsWith("/bucket?");
        assertThat(request.header("authorization")).contains("/eu-west-3/s3/");
        request = firstRequest(
                proxy -> Map.of("AWS_ENDPOINT_URL", proxy.endpoint().toString(), "AWS_DEFAULT_REGION", "eu-west-2"));
        assertThat(request.header("authorization")).contains("/eu-west-2/s3/");
    }

    @Test
    void endpointAloneIsEnough() throws IOException {
        HttpMessage request = firstRequest(
                proxy -> Map.of("AWS_ENDPOINT_URL_S3", proxy.endpoint().toString()));
        assertThat(request.header("authorization")).contains("/s3/aws4_request");
    }

    @Test
    void unknownSettingIsRejectedWithTheKnownOnes() {
        assertThatThrownBy(() -> ObjectStores.open("s3://bucket/p", Map.of("endPoint", "http://host")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"endPoint\" is unknown")
                .hasMessageContaining("endpoint")
                .hasMessageContaining("callTimeout");
    }

    @Test
    void invalidValueIsRejectedByName() {
        Map<String, String> wrong = Map.of(
                "pathStyle", "yes",
                "checksumMode", "sha1",
                "sse", "rot13",
                "attemptTimeout", "5",
                "callTimeout", "0s",
                "connectTimeout", "s",
                "region", " ",
                "endpoint", "host:9000",
                "sseKmsKeyId", "key-without-sse");
        wrong.forEach((name, value) -> assertThatThrownBy(() -> S3Settings.of(Map.of(name, value)))
                .as(name)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(name));
    }

    @Test
    void uriConsistsOfBucketAndPrefix() {
        for (String uri : List.of(
                "s3:bucket", "s3:///p", "s3://bucket:80/p", "s3://b/p?x=y", "s3://bucket/a//b", "s3://bucket/../b")) {
            assertThatThrownBy(() -> S3Location.of(URI.create(uri)))
                    .as(uri)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(S3Location.of(URI.create("s3://bucket"))).isEqualTo(new S3Location("bucket", ""));
        assertThat(S3Location.of(URI.create("s3://bucket/"))).isEqualTo(new S3Location("bucket", ""));
        assertThat(S3Location.of(URI.create("s3://bucket/a/b/"))).isEqualTo(new S3Location("bucket", "a/b/"));
    }

    @Test
    void schemeFindsTheStore() {
        try (ObjectStore store = ObjectStores.open("s3://bucket/p", Map.of("endpoint", "http://127.0.0.1:1"))) {
            assertThat(store.describe()).isEqualTo("s3://bucket/p/");
        }
    }

    private static String host(S3Settings settings) {
        try (S3Client client =
                S3ClientFactory.open(settings, S3ClientFactory.credentials(settings, name -> null), name -> null)) {
            return client.utilities()
                    .getUrl(url -> url.bucket("bucket").key("key"))
                    .getHost();
        }
    }

    @Test
    void bucketIsInThePathOrInTheHost() {
        S3Settings.Builder settings = S3Settings.builder(OWN_KEY).region("eu-west-1");
        assertThat(host(settings.build())).isEqualTo("bucket.s3.eu-west-1.amazonaws.com");
        assertThat(host(settings.pathStyle(true).build())).isEqualTo("s3.eu-west-1.amazonaws.com");
        settings.endpoint("http://store.internal:9000");
        assertThat(host(settings.build())).isEqualTo("store.internal");
        assertThat(host(settings.pathStyle(false).build())).isEqualTo("bucket.store.internal");
    }
}
