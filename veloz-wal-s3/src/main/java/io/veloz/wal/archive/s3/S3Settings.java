package io.veloz.wal.archive.s3;

import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Settings of an {@link S3Store}. Immutable. Settings without a value use the environment variables and configuration files
 * of the AWS tools.
 */
public final class S3Settings {
    /** The checksum of an upload, in addition to the SHA-256 that an archive stores. */
    public enum Checksums {
        /**
         * A CRC32C, or Content-MD5 if the store reports the CRC32C as not implemented. A bucket with Object Lock requires
         * one of the two.
         */
        AUTO,
        /** A checksum only where the protocol requires one. Every store supports this. */
        WHEN_REQUIRED,
        /** A CRC32C with every upload, which the store verifies. */
        CRC32C,
        /** Content-MD5 with every upload, which the store verifies. The oldest header; the content is read twice. */
        MD5
    }

    /** The server-side encryption of stored objects. */
    public enum Encryption {
        /** The default of the bucket. */
        NONE,
        /** Keys of the store: SSE-S3. */
        AES256,
        /** A key of the key management service: SSE-KMS. */
        KMS
    }

    private static final Set<String> NAMES = new TreeSet<>(Set.of(
            "endpoint",
            "region",
            "pathStyle",
            "checksumMode",
            "chunkedEncoding",
            "sse",
            "sseKmsKeyId",
            "storageClass",
            "connectTimeout",
            "attemptTimeout",
            "callTimeout",
            "profile",
            "caBundle"));

    final @Nullable URI endpoint;
    final @Nullable String region;
    final @Nullable Boolean pathStyle;
    final Checksums checksums;
    final boolean chunkedEncoding;
    final Encryption encryption;
    final @Nullable String kmsKeyId;
    final @Nullable String storageClass;
    final Duration connectTimeout;
    final Duration attemptTimeout;
    final Duration callTimeout;
    final @Nullable String profile;
    final @Nullable String caBundle;
    final @Nullable S3CredentialsProvider credentials;

    private S3Settings(Builder builder) {
        this.endpoint = builder.endpoint;
        this.region = builder.region;
        this.pathStyle = builder.pathStyle;
        this.checksums = builder.checksums;
        this.chunkedEncoding = builder.chunkedEncoding;
        this.encryption = builder.encryption;
        this.kmsKeyId = builder.kmsKeyId;
        this.storageClass = builder.storageClass;
        this.connectTimeout = builder.connectTimeout;
        this.attemptTimeout = builder.attemptTimeout;
        this.callTimeout = builder.callTimeout;
        this.profile = builder.profile;
        this.caBundle = builder.caBundle;
        this.credentials = builder.credentials;
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Returns a builder with the values of existing settings. */
    public static Builder builder(S3Settings settings) {
        Builder builder = new Builder();
        builder.endpoint = settings.endpoint;
        builder.region = settings.region;
        builder.pathStyle = settings.pathStyle;
        builder.checksums = settings.checksums;
        builder.chunkedEncoding = settings.chunkedEncoding;
        builder.encryption = settings.encryption;
        builder.kmsKeyId = settings.kmsKeyId;
        builder.storageClass = settings.storageClass;
        builder.connectTimeout = settings.connectTimeout;
        builder.attemptTimeout = settings.attemptTimeout;
        builder.callTimeout = settings.callTimeout;
        builder.profile = settings.profile;
        builder.caBundle = settings.caBundle;
        builder.credentials = settings.credentials;
        return builder;
    }

    /**
     * Parses settings by name: endpoint, region, pathStyle (true, false), checksumMode (auto, crc32c, md5, when_required),
     * chunkedEncoding (true, false), sse (none, AES256, aws:kms), sseKmsKeyId, storageClass, connectTimeout,
     * attemptTimeout, callTimeout (such as 500ms, 30s or 2m), profile, caBundle. No setting accepts a secret.
     *
     * @throws IllegalArgumentException if a name is unknown or a value is invalid
     */
    public static S3Settings of(Map<String, String> settings) {
        Builder builder = builder();
        settings.forEach((name, value) -> set(builder, name, value));
        return builder.build();
    }

    /** All settings except the credentials. */
    @Override
    public String toString() {
        return "S3Settings[endpoint=" + endpoint
                + ", region=" + region
                + ", pathStyle=" + pathStyle
                + ", checksumMode=" + checksums
                + ", chunkedEncoding=" + chunkedEncoding
                + ", sse=" + encryption
                + ", sseKmsKeyId=" + kmsKeyId
                + ", storageClass=" + storageClass
                + ", connectTimeout=" + connectTimeout
                + ", attemptTimeout=" + attemptTimeout
                + ", callTimeout=" + callTimeout
                + ", profile=" + profile
                + ", caBundle=" + caBundle
                + (credentials == null ? "" : ", credentials=(provider)")
                + "]";
    }

    private static void set(Builder builder, String name, String value) {
        switch (name) {
            case "endpoint" -> builder.endpoint(value);
            case "region" -> builder.region(value);
            case "pathStyle" -> builder.pathStyle(bool(name, value));
            case "checksumMode" ->
                builder.checksums(
                        switch (value.toLowerCase(Locale.ROOT)) {
                            case "auto" -> Checksums.AUTO;
                            case "crc32c" -> Checksums.CRC32C;
                            case "md5" -> Checksums.MD5;
                            case "when_required" -> Checksums.WHEN_REQUIRED;
                            default -> throw wrong(name, value, "auto, crc32c, md5 or when_required");
                        });
            case "chunkedEncoding" -> builder.chunkedEncoding(bool(name, value));
            case "sse" ->
                builder.encryption(
                        switch (value.toLowerCase(Locale.ROOT)) {
                            case "none" -> Encryption.NONE;
                            case "aes256" -> Encryption.AES256;
                            case "aws:kms" -> Encryption.KMS;
                            default -> throw wrong(name, value, "none, AES256 or aws:kms");
                        });
            case "sseKmsKeyId" -> builder.kmsKeyId(value);
            case "storageClass" -> builder.storageClass(value);
            case "connectTimeout" -> builder.connectTimeout(duration(name, value));
            case "attemptTimeout" -> builder.attemptTimeout(duration(name, value));
            case "callTimeout" -> builder.callTimeout(duration(name, value));
            case "profile" -> builder.profile(value);
            case "caBundle" -> builder.caBundle(value);
            default ->
                throw new IllegalArgumentException(
                        "setting \"" + name + "\" is unknown; the settings of an S3 store are " + NAMES);
        }
    }

    private static boolean bool(String name, String value) {
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrong(name, value, "true or false");
        };
    }

    private static Duration duration(String name, String value) {
        try {
            if (value.endsWith("ms")) {
                return Duration.ofMillis(Long.parseLong(value.substring(0, value.length() - 2)));
            }
            String number = value.substring(0, Math.max(0, value.length() - 1));
            if (value.endsWith("s")) {
                return Duration.ofSeconds(Long.parseLong(number));
            }
            if (value.endsWith("m")) {
                return Duration.ofMinutes(Long.parseLong(number));
            }
        } catch (NumberFormatException | ArithmeticException e) {
            throw wrong(name, value, "a duration such as 500ms, 30s or 2m");
        }
        throw wrong(name, value, "a duration such as 500ms, 30s or 2m");
    }

    private static IllegalArgumentException wrong(String name, String value, String expected) {
        return new IllegalArgumentException("setting " + name + " is \"" + value + "\"; expected " + expected);
    }

    /** A builder of settings. It belongs to one thread. */
    public static final class Builder {
        private @Nullable URI endpoint;
        private @Nullable String region;
        private @Nullable Boolean pathStyle;
        private Checksums checksums = Checksums.AUTO;
        private boolean chunkedEncoding;
        private Encryption encryption = Encryption.NONE;
        private @Nullable String kmsKeyId;
        private @Nullable String storageClass;
        private Duration connectTimeout = Duration.ofSeconds(5);
        private Duration attemptTimeout = Duration.ofSeconds(30);
        private Duration callTimeout = Duration.ofMinutes(2);
        private @Nullable String profile;
        private @Nullable String caBundle;
        private @Nullable S3CredentialsProvider credentials;

        private Builder() {}

        /** The URL of the store, {@code https://host:port}. Default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or AWS. */
        public Builder endpoint(String url) {
            URI uri;
            try {
                uri = new URI(url);
            } catch (java.net.URISyntaxException e) {
                throw wrong("endpoint", "(hidden)", "a URL such as https://host:port");
            }
            boolean isWeb = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (!isWeb || uri.getHost() == null || uri.getUserInfo() != null || uri.getQuery() != null) {
                // The value is not printed: a URL with a user usually contains a password.
                throw wrong("endpoint", "(hidden)", "a URL such as https://host:port, without user and query");
            }
            this.endpoint = uri;
            return this;
        }

        /** The region. Default: AWS_REGION, AWS_DEFAULT_REGION, the profile, and us-east-1 if there is an endpoint. */
        public Builder region(String name) {
            this.region = notBlank("region", name);
            return this;
        }

        /** Whether the bucket is part of the path instead of the host name. Default: true if there is an endpoint. */
        public Builder pathStyle(boolean on) {
            this.pathStyle = on;
            return this;
        }

        /** The checksum of uploads. Default: {@link Checksums#AUTO}. */
        public Builder checksums(Checksums mode) {
            this.checksums = Objects.requireNonNull(mode);
            return this;
        }

        /** Whether uploads are sent in signed chunks. Default: false, because many stores do not support them. */
        public Builder chunkedEncoding(boolean on) {
            this.chunkedEncoding = on;
            return this;
        }

        /** The server-side encryption. Default: {@link Encryption#NONE}. */
        public Builder encryption(Encryption mode) {
            this.encryption = Objects.requireNonNull(mode);
            return this;
        }

        /** The key for {@link Encryption#KMS}. Default: the key of the account for S3. */
        public Builder kmsKeyId(String id) {
            this.kmsKeyId = notBlank("sseKmsKeyId", id);
            return this;
        }

        /** The storage class as S3 names it, such as STANDARD_IA. Default: the default of the bucket. */
        public Builder storageClass(String name) {
            this.storageClass = notBlank("storageClass", name);
            return this;
        }

        /** Timeout for connecting. Default: 5 s. */
        public Builder connectTimeout(Duration timeout) {
            this.connectTimeout = positive("connectTimeout", timeout);
            return this;
        }

        /** Timeout without progress, and until the response to a request begins. Default: 30 s. */
        public Builder attemptTimeout(Duration timeout) {
            this.attemptTimeout = positive("attemptTimeout", timeout);
            return this;
        }

        /** Timeout of a call, including steps such as fetching credentials. Default: 2 min. */
        public Builder callTimeout(Duration timeout) {
            this.callTimeout = positive("callTimeout", timeout);
            return this;
        }

        /** The profile in the AWS configuration files that provides credentials and region. */
        public Builder profile(String name) {
            this.profile = notBlank("profile", name);
            return this;
        }

        /**
         * A PEM file of trusted CA certificates, which replace those of the JVM. Default: AWS_CA_BUNDLE, or those of the
         * JVM.
         */
        public Builder caBundle(String file) {
            this.caBundle = notBlank("caBundle", file);
            return this;
        }

        /**
         * The credentials provider. Default: the chain of environment, system properties, profile, web identity, container
         * and instance metadata.
         */
        public Builder credentials(S3CredentialsProvider provider) {
            this.credentials = Objects.requireNonNull(provider);
            return this;
        }

        /**
         * Returns the settings.
         *
         * @throws IllegalArgumentException if two of them are contradictory
         */
        public S3Settings build() {
            if (kmsKeyId != null && encryption != Encryption.KMS) {
                throw new IllegalArgumentException("setting sseKmsKeyId requires sse=aws:kms");
            }
            if (profile != null && credentials != null) {
                throw new IllegalArgumentException("profile and credentials provider are both set; set one of them");
            }
            return new S3Settings(this);
        }

        private static String notBlank(String name, String value) {
            if (value.isBlank()) {
                throw new IllegalArgumentException("setting " + name + " is empty");
            }
            return value;
        }

        private static Duration positive(String name, Duration value) {
            if (value.isNegative() || value.isZero() || value.compareTo(Duration.ofDays(1)) > 0) {
                throw new IllegalArgumentException(
                        "setting " + name + " is " + value + "; expected more than 0 and at most one day");
            }
            return value;
        }
    }
}
