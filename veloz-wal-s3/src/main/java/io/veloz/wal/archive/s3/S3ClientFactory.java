package io.veloz.wal.archive.s3;

import java.net.URI;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.auth.credentials.WebIdentityTokenFileCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.AwsProfileRegionProvider;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/** Builds the S3 client from the settings, and from the environment for what they do not set. */
final class S3ClientFactory {
    private static final Set<String> CREDENTIAL_PROPERTIES = Set.of(
            "aws_access_key_id",
            "credential_process",
            "credential_source",
            "login_session",
            "role_arn",
            "source_profile",
            "sso_session",
            "sso_start_url",
            "web_identity_token_file");

    private S3ClientFactory() {}

    /**
     * @param environment the variables of the process
     * @throws IllegalArgumentException if a setting is invalid, or no region is configured
     */
    static S3Client open(
            S3Settings settings, AwsCredentialsProvider credentials, Function<String, @Nullable String> environment) {
        URI endpoint = endpoint(settings, environment);
        Boolean pathStyle = settings.pathStyle;
        S3ClientBuilder builder = S3Client.builder()
                .httpClientBuilder(StallTimeoutHttpClient.builder(
                        S3Network.client(settings, endpoint, environment), settings.attemptTimeout))
                // No retries: the retry of a put that succeeded reports that the object exists.
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
                    "archive in S3: no region is configured; set AWS_REGION, the setting \"region\", or a region in the profile",
                    e);
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

    /** Null if the SDK has to query the instance metadata. */
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
            // The region that S3-compatible stores without regions accept.
            return "us-east-1";
        }
    }

    /**
     * Returns the provider of the settings, or the default chain of the AWS tools. A configured profile or web identity is
     * the only source: if it failed, the chain would silently use the credentials of the instance instead.
     */
    static AwsCredentialsProvider credentials(S3Settings settings, Function<String, @Nullable String> environment) {
        S3CredentialsProvider own = settings.credentials;
        if (own != null) {
            return () -> credentials(own.credentials());
        }
        if (settings.profile != null) {
            return profile(settings.profile);
        }
        boolean hasKey = isSet(System.getProperty("aws.accessKeyId")) || isSet(environment.apply("AWS_ACCESS_KEY_ID"));
        if (!hasKey && isSet(environment.apply("AWS_WEB_IDENTITY_TOKEN_FILE"))) {
            return webIdentity(environment);
        }
        String profile = environment.apply("AWS_PROFILE");
        return hasKey || profile == null || profile.isBlank()
                ? DefaultCredentialsProvider.builder().build()
                : profile(profile);
    }

    private static AwsCredentialsProvider webIdentity(Function<String, @Nullable String> environment) {
        String role = environment.apply("AWS_ROLE_ARN");
        if (!isSet(role)) {
            throw new IllegalArgumentException("AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not; set both");
        }
        WebIdentityTokenFileCredentialsProvider.Builder provider = WebIdentityTokenFileCredentialsProvider.builder()
                .webIdentityTokenFile(Path.of(environment.apply("AWS_WEB_IDENTITY_TOKEN_FILE")))
                .roleArn(role);
        String session = environment.apply("AWS_ROLE_SESSION_NAME");
        return (isSet(session) ? provider.roleSessionName(session) : provider).build();
    }

    /** A profile without credential properties uses the default chain. */
    private static AwsCredentialsProvider profile(String name) {
        boolean hasNoCredentials = ProfileFile.defaultProfileFile()
                .profile(name)
                .map(profile -> Collections.disjoint(profile.properties().keySet(), CREDENTIAL_PROPERTIES))
                .orElse(false);
        return hasNoCredentials
                ? DefaultCredentialsProvider.builder().profileName(name).build()
                : ProfileCredentialsProvider.create(name);
    }

    private static boolean isSet(@Nullable String value) {
        return value != null && !value.isBlank();
    }

    private static AwsCredentials credentials(S3Credentials credentials) {
        String token = credentials.sessionToken();
        return token == null
                ? AwsBasicCredentials.create(credentials.accessKeyId(), credentials.secretAccessKey())
                : AwsSessionCredentials.create(credentials.accessKeyId(), credentials.secretAccessKey(), token);
    }
}
