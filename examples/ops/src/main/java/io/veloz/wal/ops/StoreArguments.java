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
 * How to reach the store of an archive. Filled by the command line; there is no option for a secret, because command lines
 * are seen by everybody on a machine.
 */
final class StoreArguments {
    static final String HEADING = "%nS3, or what speaks its protocol. Credentials come from the environment"
            + " (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, an instance's role), never from an option:%n";
    static final String URI = "Where the archive is: s3://bucket/prefix, or file:///directory.";

    /** A letter alone is a drive of Windows. */
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
            description = "Whether the bucket stands in the path. Default: if there is an endpoint.")
    private @Nullable Boolean pathStyle;

    @Option(
            names = "--checksum-mode",
            paramLabel = "MODE",
            description =
                    "With every upload: auto (the default: crc32c, or md5 where the store does not know it), crc32c, md5,"
                            + " or when_required for none.")
    private @Nullable String checksumMode;

    @Option(
            names = "--chunked-encoding",
            negatable = true,
            description = "Whether uploads are sent in signed chunks. Default: no; many stores do not know them.")
    private @Nullable Boolean chunkedEncoding;

    @Option(names = "--sse", paramLabel = "MODE", description = "Encryption by the store: none, AES256 or aws:kms.")
    private @Nullable String sse;

    @Option(names = "--sse-kms-key-id", paramLabel = "ID", description = "The key for --sse aws:kms.")
    private @Nullable String sseKmsKeyId;

    @Option(names = "--storage-class", paramLabel = "NAME", description = "As STANDARD_IA. Default: the bucket's.")
    private @Nullable String storageClass;

    @Option(names = "--profile", paramLabel = "NAME", description = "Of the AWS configuration files.")
    private @Nullable String profile;

    @Option(
            names = "--ca-bundle",
            paramLabel = "FILE",
            description = "PEM file of the CAs to trust. Default: AWS_CA_BUNDLE, or the JVM's own.")
    private @Nullable String caBundle;

    @Option(names = "--connect-timeout", paramLabel = "TIME", description = "As 500ms, 5s or 2m. Default: 5s.")
    private @Nullable String connectTimeout;

    @Option(
            names = "--attempt-timeout",
            paramLabel = "TIME",
            description = "How long the store may be silent. Default: 30s.")
    private @Nullable String attemptTimeout;

    @Option(
            names = "--call-timeout",
            paramLabel = "TIME",
            description = "How long a call may take with all around it. Default: 2m.")
    private @Nullable String callTimeout;

    /** Whether a place is an archive rather than a directory. */
    static boolean isUri(String place) {
        return SCHEME.matcher(place).matches();
    }

    /** By the names that the store gives them. */
    Map<String, String> settings() {
        Map<String, String> settings = new TreeMap<>();
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

    /** Opens the store; nothing is asked of it yet. What makes no sense is an error of the command line. */
    ObjectStore open(CommandSpec command, String uri) {
        try {
            return ObjectStores.open(uri, settings());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()));
        }
    }

    /** For a command that opens it by itself later. */
    void check(CommandSpec command, String uri) {
        try (ObjectStore store = open(command, uri)) {
            Objects.requireNonNull(store);
        }
    }
}
