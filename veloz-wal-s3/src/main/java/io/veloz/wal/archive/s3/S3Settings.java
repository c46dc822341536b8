package io.veloz.wal.archive.s3;

import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** How to reach S3, or a store that speaks its protocol. Immutable. What is not set is found as the AWS tools find it. */
public final class S3Settings {
    /** Which checksum is sent with an upload, besides the SHA-256 that an archive keeps itself. */
    public enum Checksums {
        /**
         * A CRC32C, and Content-MD5 if the store refuses that one as not implemented. A bucket with Object Lock accepts no
         * upload without one of them.
         */
        AUTO,
        /** Only where the protocol demands one. Every store understands that. */
        WHEN_REQUIRED,
        /** A CRC32C with every upload, which the store compares. */
        CRC32C,
        /** Content-MD5 with every upload, which the store compares. The oldest of them; the content is read once more. */
        MD5
    }

    /** How the store encrypts what it keeps. */
    public enum Encryption {
        /** As the bucket says. */
        NONE,
        /** With keys of the store: SSE-S3. */
        AES256,
        /** With a key of the key service: SSE-KMS. */
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

    /** Starts with settings that are to be changed. */
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
     * Reads settings by their names: endpoint, region, pathStyle (true, false), checksumMode (auto, crc32c, md5, when_required),
     * chunkedEncoding (true, false), sse (none, AES256, aws:kms), sseKmsKeyId, storageClass, connectTimeout,
     * attemptTimeout, callTimeout (as 500ms, 30s or 2m), profile, caBundle. There is none for a secret.
     *
     * @throws IllegalArgumentException if a name is unknown or a value makes no sense
     */
    public static S3Settings of(Map<String, String> settings) {
        Builder builder = builder();
        settings.forEach((name, value) -> set(builder, name, value));
        return builder.build();
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
                throw new IllegalArgumentException("setting \"" + name + "\" is unknown; an S3 store knows " + NAMES);
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
            throw wrong(name, value, "a time as 500ms, 30s or 2m");
        }
        throw wrong(name, value, "a time as 500ms, 30s or 2m");
    }

    private static IllegalArgumentException wrong(String name, String value, String expected) {
        return new IllegalArgumentException("setting " + name + " is \"" + value + "\"; expected " + expected);
    }

    /** Collects settings. It belongs to one thread. */
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

        /** Where the store is: {@code https://host:port}. Else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or AWS itself. */
        public Builder endpoint(String url) {
            URI uri;
            try {
                uri = new URI(url);
            } catch (java.net.URISyntaxException e) {
                throw wrong("endpoint", "(not shown)", "a URL as https://host:port");
            }
            boolean isWeb = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (!isWeb || uri.getHost() == null || uri.getUserInfo() != null || uri.getQuery() != null) {
                // Not shown, because whoever writes a user there writes a password as well.
                throw wrong("endpoint", "(not shown)", "a URL as https://host:port, without user and query");
            }
            this.endpoint = uri;
            return this;
        }

        /** Else AWS_REGION, AWS_DEFAULT_REGION, the profile's, and with an endpoint us-east-1. */
        public Builder region(String name) {
            this.region = notBlank("region", name);
            return this;
        }

        /** Whether the bucket stands in the path rather than in the host name. By default so if there is an endpoint. */
        public Builder pathStyle(boolean on) {
            this.pathStyle = on;
            return this;
        }

        public Builder checksums(Checksums mode) {
            this.checksums = Objects.requireNonNull(mode);
            return this;
        }

        /** Whether uploads are sent in signed chunks. Off by default, because many stores do not know them. */
        public Builder chunkedEncoding(boolean on) {
            this.chunkedEncoding = on;
            return this;
        }

        public Builder encryption(Encryption mode) {
            this.encryption = Objects.requireNonNull(mode);
            return this;
        }

        /** The key for {@link Encryption#KMS}; else the account's own for S3. */
        public Builder kmsKeyId(String id) {
            this.kmsKeyId = notBlank("sseKmsKeyId", id);
            return this;
        }

        /** As S3 names it, such as STANDARD_IA. Else the bucket's. */
        public Builder storageClass(String name) {
            this.storageClass = notBlank("storageClass", name);
            return this;
        }

        public Builder connectTimeout(Duration timeout) {
            this.connectTimeout = positive("connectTimeout", timeout);
            return this;
        }

        /** How long the store may be silent, and how long a request may take until its answer begins. */
        public Builder attemptTimeout(Duration timeout) {
            this.attemptTimeout = positive("attemptTimeout", timeout);
            return this;
        }

        /** How long a call may take with everything around the request, such as fetching credentials. */
        public Builder callTimeout(Duration timeout) {
            this.callTimeout = positive("callTimeout", timeout);
            return this;
        }

        /** Whose credentials and region are taken from the AWS configuration files. */
        public Builder profile(String name) {
            this.profile = notBlank("profile", name);
            return this;
        }

        /**
         * A PEM file of the CA certificates that are trusted, in place of the JVM's. Default: AWS_CA_BUNDLE, or the JVM's.
         */
        public Builder caBundle(String file) {
            this.caBundle = notBlank("caBundle", file);
            return this;
        }

        /** Instead of the default chain: environment, system properties, profile, web identity, container, instance. */
        public Builder credentials(S3CredentialsProvider provider) {
            this.credentials = Objects.requireNonNull(provider);
            return this;
        }

        /**
         * Returns the settings.
         *
         * @throws IllegalArgumentException if two of them contradict each other
         */
        public S3Settings build() {
            if (kmsKeyId != null && encryption != Encryption.KMS) {
                throw new IllegalArgumentException("setting sseKmsKeyId needs sse=aws:kms");
            }
            if (profile != null && credentials != null) {
                throw new IllegalArgumentException("credentials come from a profile or from a provider, not from both");
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
                        "setting " + name + " is " + value + "; expected more than nothing and up to a day");
            }
            return value;
        }
    }
}
