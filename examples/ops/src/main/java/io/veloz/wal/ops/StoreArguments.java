package io.veloz.wal.ops;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/**
 * The options for the store of an archive. There is no option for a secret, because every user of a machine can see its
 * command lines.
 */
final class StoreArguments {
    static final String HEADING = "%nS3 and compatible stores. Credentials are read from the environment"
            + " (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, instance role), never from an option:%n";
    static final String URI = "URI of the archive: s3://bucket/prefix, or file:///directory.";

    @Option(
            names = "--keys",
            paramLabel = "FILE",
            description =
                    "Keys of the archive: lines of id=key in Base64, the last one encrypts; for its owner only (chmod"
                            + " 600). Default: VELOZ_WAL_KEYS, or no encryption.")
    private @Nullable String keys;

    /** At least two letters, because one letter is a Windows drive. */
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*");

    @Option(
            names = "--endpoint",
            paramLabel = "URL",
            description = "https://host:port. Default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or AWS itself.")
    private @Nullable String endpoint;

    @Option(
            names = "--region",
            paramLabel = "NAME",
            description = "Default: AWS_REGION, or the profile's; us-east-1 with an endpoint.")
    private @Nullable String region;

    @Option(
            names = "--path-style",
            negatable = true,
            description = "Whether the bucket is part of the path. Default: yes with --endpoint.")
    private @Nullable Boolean pathStyle;

    @Option(
            names = "--checksum-mode",
            paramLabel = "MODE",
            description =
                    "Checksum of every upload: auto (the default: crc32c, or md5 if the store does not support it),"
                            + " crc32c, md5, or when_required for none.")
    private @Nullable String checksumMode;

    @Option(
            names = "--chunked-encoding",
            negatable = true,
            description = "Whether uploads use signed chunks. Default: no; many stores do not support them.")
    private @Nullable Boolean chunkedEncoding;

    @Option(names = "--sse", paramLabel = "MODE", description = "Server-side encryption: none, AES256 or aws:kms.")
    private @Nullable String sse;

    @Option(names = "--sse-kms-key-id", paramLabel = "ID", description = "Key for --sse aws:kms.")
    private @Nullable String sseKmsKeyId;

    @Option(names = "--storage-class", paramLabel = "NAME", description = "Such as STANDARD_IA. Default: the bucket's.")
    private @Nullable String storageClass;

    @Option(names = "--aws-profile", paramLabel = "NAME", description = "Profile in the AWS configuration files.")
    private @Nullable String profile;

    @Option(
            names = "--ca-bundle",
            paramLabel = "FILE",
            description = "PEM file with trusted CAs. Default: AWS_CA_BUNDLE, or the CAs of the JVM.")
    private @Nullable String caBundle;

    @Option(names = "--connect-timeout", paramLabel = "TIME", description = "Such as 500ms, 5s or 2m. Default: 5s.")
    private @Nullable String connectTimeout;

    @Option(
            names = "--attempt-timeout",
            paramLabel = "TIME",
            description = "Maximum wait for a response per attempt. Default: 30s.")
    private @Nullable String attemptTimeout;

    @Option(
            names = "--call-timeout",
            paramLabel = "TIME",
            description = "Maximum time of a call including all retries. Default: 2m.")
    private @Nullable String callTimeout;

    /** Returns whether an argument is the URI of an archive, not a directory. */
    static boolean isUri(String place) {
        return SCHEME.matcher(place).matches();
    }

    /** Returns the options by the names of the store's settings. */
    Map<String, String> settings() {
        Map<String, String> settings = new TreeMap<>();
        put(settings, ObjectStores.KEYS_SETTING, keys);
        put(settings, "endpoint", endpoint);
        put(settings, "region", region);
        put(settings, "pathStyle", pathStyle);
        put(settings, "checksumMode", checksumMode);
        put(settings, "chunkedEncoding", chunkedEncoding);
        put(settings, "sse", sse);
        put(settings, "sseKmsKeyId", sseKmsKeyId);
        put(settings, "storageClass", storageClass);
        put(settings, "profile", profile);
        put(settings, "caBundle", caBundle);
        put(settings, "connectTimeout", connectTimeout);
        put(settings, "attemptTimeout", attemptTimeout);
        put(settings, "callTimeout", callTimeout);
        return settings;
    }

    private static void put(Map<String, String> settings, String name, @Nullable Object value) {
        if (value != null) {
            settings.put(name, value.toString());
        }
    }

    /** Opens the store without sending a request. Invalid options are a usage error. */
    ObjectStore open(CommandSpec command, String uri) {
        try {
            return ObjectStores.open(uri, settings());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()));
        }
    }

    /** Validates the options, for a command that opens the store later. */
    void check(CommandSpec command, String uri) {
        try (ObjectStore store = open(command, uri)) {
            Objects.requireNonNull(store);
        }
    }
}
