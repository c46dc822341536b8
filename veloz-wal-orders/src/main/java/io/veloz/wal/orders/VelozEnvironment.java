package io.veloz.wal.orders;

import io.veloz.wal.Durability;
import io.veloz.wal.WalConfig;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The engine's environment variables. Its documents define two overlapping and contradictory sets: the deployment set
 * (VELOZ_WAL_MAX_SIZE in bytes, VELOZ_WAL_SYNC, VELOZ_WAL_CHECKPOINT_INTERVAL in entries), and the user guide's set
 * (VELOZ_WAL_MAX_SIZE_MB, VELOZ_WAL_SYNC_MODE, VELOZ_WAL_CHECKPOINT_INTERVAL in seconds). An ambiguous value is an error.
 */
final class VelozEnvironment {
    private static final String PREFIX = "VELOZ_WAL_";
    private static final String ENABLED = PREFIX + "ENABLED";
    private static final String DIR = PREFIX + "DIR";

    /** Not in the engine's documents. */
    private static final String MUST_EXIST = PREFIX + "MUST_EXIST";

    private static final String MAX_SIZE = PREFIX + "MAX_SIZE";
    private static final String MAX_SIZE_MB = PREFIX + "MAX_SIZE_MB";
    private static final String MAX_FILES = PREFIX + "MAX_FILES";
    private static final String SYNC = PREFIX + "SYNC";
    private static final String SYNC_MODE = PREFIX + "SYNC_MODE";
    private static final String CHECKPOINT_INTERVAL = PREFIX + "CHECKPOINT_INTERVAL";

    /** Defined by the backup scripts. Validated here, used by the archive. */
    private static final String RETENTION_DAYS = PREFIX + "RETENTION_DAYS";

    private static final TreeSet<String> KNOWN = new TreeSet<>(List.of(
            ENABLED,
            DIR,
            MUST_EXIST,
            MAX_SIZE,
            MAX_SIZE_MB,
            MAX_FILES,
            SYNC,
            SYNC_MODE,
            CHECKPOINT_INTERVAL,
            RETENTION_DAYS));

    private final Map<String, String> variables;

    VelozEnvironment(Map<String, String> variables) {
        this.variables = variables;
    }

    OrderLogConfig read() {
        for (String name : new TreeSet<>(variables.keySet())) {
            if (name.startsWith(PREFIX) && !KNOWN.contains(name)) {
                throw new IllegalArgumentException(name + " is unknown; expected one of " + KNOWN);
            }
        }
        WalConfig.Builder wal = WalConfig.builder(directory())
                .durability(durability())
                .mustExist(present(MUST_EXIST) && yes(MUST_EXIST));
        @Nullable Long segmentBytes = segmentBytes();
        if (segmentBytes != null) {
            wal.segmentBytes(segmentBytes);
        }
        OrderLogConfig.Builder orders;
        try {
            orders = OrderLogConfig.builder(wal.build());
        } catch (IllegalArgumentException e) {
            String name = present(MAX_SIZE) ? MAX_SIZE : MAX_SIZE_MB;
            throw new IllegalArgumentException(name + "=" + variables.get(name) + ": " + e.getMessage(), e);
        }
        orders.enabled(!present(ENABLED) || yes(ENABLED));
        if (present(MAX_FILES)) {
            orders.keepSegments((int) number(MAX_FILES, 0, Integer.MAX_VALUE));
        }
        if (present(RETENTION_DAYS)) {
            number(RETENTION_DAYS, 0, 36_500);
        }
        readCheckpointInterval(orders);
        return orders.build();
    }

    private Path directory() {
        if (!present(DIR)) {
            throw new IllegalArgumentException(
                    DIR + " is not set; expected a directory. The engine's documents name two"
                            + " defaults, ./data/wal and /var/lib/veloz/wal, and the wrong one looks like an empty log");
        }
        try {
            return Path.of(value(DIR));
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(DIR + "=" + value(DIR) + ": expected a directory", e);
        }
    }

    private @Nullable Long segmentBytes() {
        @Nullable Long bytes = present(MAX_SIZE) ? number(MAX_SIZE, 1, Long.MAX_VALUE) : null;
        @Nullable Long fromMb = present(MAX_SIZE_MB) ? number(MAX_SIZE_MB, 1, 1L << 40) * 1024 * 1024 : null;
        if (bytes != null && fromMb != null && !bytes.equals(fromMb)) {
            throw contradiction(MAX_SIZE, MAX_SIZE_MB);
        }
        return bytes != null ? bytes : fromMb;
    }

    private Durability durability() {
        @Nullable Boolean sync = present(SYNC) ? yes(SYNC) : null;
        @Nullable Boolean mode = present(SYNC_MODE) ? fsync() : null;
        if (sync != null && mode != null && !sync.equals(mode)) {
            throw contradiction(SYNC, SYNC_MODE);
        }
        boolean durable = sync != null ? sync : mode == null || mode;
        return durable ? Durability.LOSE_NOTHING : Durability.LOSE_UNFORCED;
    }

    private boolean fsync() {
        return switch (value(SYNC_MODE).toLowerCase(Locale.ROOT)) {
            case "fsync" -> true;
            case "async" -> false;
            case "rsync", "cp", "s3" ->
                throw new IllegalArgumentException(SYNC_MODE + "=" + value(SYNC_MODE)
                        + " is a copy mode of the old backup script; expected fsync or async");
            default ->
                throw new IllegalArgumentException(SYNC_MODE + "=" + value(SYNC_MODE) + ": expected fsync or async");
        };
    }

    /** A bare number means entries in one set of variables and seconds in the other. A unit makes it unambiguous. */
    private void readCheckpointInterval(OrderLogConfig.Builder orders) {
        if (!present(CHECKPOINT_INTERVAL)) {
            return;
        }
        String text = value(CHECKPOINT_INTERVAL).toLowerCase(Locale.ROOT);
        boolean deployment = present(MAX_SIZE) || present(SYNC);
        boolean guide = present(MAX_SIZE_MB) || present(SYNC_MODE);
        if (text.endsWith("s") && !text.endsWith("entries")) {
            orders.checkpointInterval(Duration.ofSeconds(
                    number(CHECKPOINT_INTERVAL, text.substring(0, text.length() - 1), 0, 31_536_000)));
        } else if (text.endsWith("entries")) {
            String count = text.substring(0, text.length() - "entries".length());
            orders.checkpointEveryRecords(number(CHECKPOINT_INTERVAL, count, 0, Long.MAX_VALUE));
        } else if (deployment && !guide) {
            orders.checkpointEveryRecords(number(CHECKPOINT_INTERVAL, 0, Long.MAX_VALUE));
        } else if (guide && !deployment) {
            orders.checkpointInterval(Duration.ofSeconds(number(CHECKPOINT_INTERVAL, 0, 31_536_000)));
        } else {
            throw new IllegalArgumentException(CHECKPOINT_INTERVAL + "=" + value(CHECKPOINT_INTERVAL)
                    + " is ambiguous: entries if " + MAX_SIZE + " or " + SYNC + " is set, seconds if " + MAX_SIZE_MB
                    + " or " + SYNC_MODE + " is set; expected a unit, such as 1000entries or 60s");
        }
    }

    private IllegalArgumentException contradiction(String first, String second) {
        return new IllegalArgumentException(first + "=" + value(first) + " contradicts " + second + "=" + value(second)
                + "; expected only one of them, or equal values");
    }

    private boolean present(String name) {
        String value = variables.get(name);
        return value != null && !value.isBlank();
    }

    private String value(String name) {
        String value = variables.get(name);
        return value == null ? "" : value.strip();
    }

    private boolean yes(String name) {
        return switch (value(name).toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(name + "=" + value(name) + ": expected true or false");
        };
    }

    private long number(String name, long min, long max) {
        return number(name, value(name), min, max);
    }

    private long number(String name, String digits, long min, long max) {
        try {
            long number = Long.parseLong(digits.strip());
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + "=" + value(name) + ": expected a whole number", e);
        }
        throw new IllegalArgumentException(name + "=" + value(name) + ": expected " + min + " to " + max);
    }
}
