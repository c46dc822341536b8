package io.veloz.wal.archive.s3;

import java.net.URI;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.AwsProfileRegionProvider;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/** Builds the client from the settings, and from the environment where they are silent. */
final class S3Connection {
    private S3Connection() {}

    /**
     * @param environment the variables of the process
     * @throws IllegalArgumentException if a setting makes no sense, or there is no region
     */
    static S3Client open(
            S3Settings settings, AwsCredentialsProvider credentials, Function<String, @Nullable String> environment) {
        URI endpoint = endpoint(settings, environment);
        Boolean pathStyle = settings.pathStyle;
        S3ClientBuilder builder = S3Client.builder()
                .httpClientBuilder(S3Silence.limit(
                        UrlConnectionHttpClient.builder()
                                .connectionTimeout(settings.connectTimeout)
                                .socketTimeout(settings.attemptTimeout),
                        settings.attemptTimeout))
                // No retries, because the second answer to a put that was done says that the object exists.
                .overrideConfiguration(override -> {
                    override.retryStrategy(AwsRetryStrategy.doNotRetry())
                            .apiCallAttemptTimeout(settings.attemptTimeout)
                            .apiCallTimeout(settings.callTimeout);
                    if (settings.profile != null) {
                        override.defaultProfileName(settings.profile);
                    }
                })
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .forcePathStyle(pathStyle == null ? endpoint != null : pathStyle)
                .serviceConfiguration(service ->
                        service.chunkedEncodingEnabled(settings.chunkedEncoding).expectContinueEnabled(false))
                .credentialsProvider(credentials);
        if (endpoint != null) {
            builder.endpointOverride(endpoint);
        }
        String region = region(settings, environment, endpoint != null);
        if (region != null) {
            builder.region(Region.of(region));
        }
        try {
            return builder.build();
        } catch (SdkException e) {
            throw new IllegalArgumentException(
                    "archive in S3: " + e.getMessage() + "; set the region, or AWS_REGION, or one in the profile", e);
        }
    }

    private static @Nullable URI endpoint(S3Settings settings, Function<String, @Nullable String> environment) {
        if (settings.endpoint != null || "true".equals(environment.apply("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))) {
            return settings.endpoint;
        }
        for (String name : new String[] {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
            String url = environment.apply(name);
            if (url != null && !url.isBlank()) {
                return S3Settings.builder().endpoint(url).build().endpoint;
            }
        }
        return null;
    }

    /** Null to let the SDK ask the machine it runs on. */
    private static @Nullable String region(
            S3Settings settings, Function<String, @Nullable String> environment, boolean hasEndpoint) {
        if (settings.region != null) {
            return settings.region;
        }
        for (String found : new @Nullable String[] {
            System.getProperty("aws.region"), environment.apply("AWS_REGION"), environment.apply("AWS_DEFAULT_REGION")
        }) {
            if (found != null && !found.isBlank()) {
                return found;
            }
        }
        if (!hasEndpoint) {
            return null;
        }
        try {
            return (settings.profile == null
                            ? new AwsProfileRegionProvider()
                            : new AwsProfileRegionProvider(ProfileFile::defaultProfileFile, settings.profile))
                    .getRegion()
                    .id();
        } catch (SdkException none) {
            // What stores of others take when they know no regions.
            return "us-east-1";
        }
    }

    /** The chain of the AWS tools, unless the settings have a provider. Nothing is asked yet. */
    static AwsCredentialsProvider credentials(S3Settings settings) {
        S3CredentialsProvider own = settings.credentials;
        if (own != null) {
            return () -> credentials(own.credentials());
        }
        DefaultCredentialsProvider.Builder chain = DefaultCredentialsProvider.builder();
        return settings.profile == null
                ? chain.build()
                : chain.profileName(settings.profile).build();
    }

    private static AwsCredentials credentials(S3Credentials credentials) {
        String token = credentials.sessionToken();
        return token == null
                ? AwsBasicCredentials.create(credentials.accessKeyId(), credentials.secretAccessKey())
                : AwsSessionCredentials.create(credentials.accessKeyId(), credentials.secretAccessKey(), token);
    }
}
