package io.veloz.wal.engine;

import io.veloz.wal.archive.store.ObjectStores;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The command line of the engine. Immutable.
 *
 * @param publishWhen when an order may leave the engine
 * @param port of the HTTP server; 0 to select a free one
 * @param takeOver the epoch of another directory that this one takes the archive over from; 0 for none
 * @param ordersPerSecond orders that the engine places by itself while it is live; 0 for none
 */
record EngineOptions(
        Path wal,
        Optional<String> archive,
        long takeOver,
        PublishWhen publishWhen,
        int port,
        boolean readOnly,
        Optional<Path> metricsFile,
        Map<String, Duration> maxBackupAges,
        int ordersPerSecond) {

    static final String USAGE = """
            usage: java -jar veloz-wal-engine.jar --wal DIR [options]

              --wal DIR                   directory of the log; created if it does not exist, except with --read-only
              --archive URI               ships the log to s3://bucket/prefix or file:///directory while live
              --take-over EPOCH           with --archive, after a restore: continues the archive if this is its last epoch, and
                                          fences the engine that wrote it
              --publish-when durable|archived
                                          when an order is sent and acknowledged; archived needs --archive; default durable
              --http PORT                 port on the loopback interface; 0 selects a free one; default 8080
              --read-only                 replays the log and answers, but neither opens nor ships it, and accepts no order
                                          until POST /api/admin/live
              --metrics-file FILE         metrics of the backup jobs, for /metrics and /health
              --max-backup-age KIND=TIME  a backup that is older fails /health; can be repeated; such as database=26h
              --orders-per-second N       places orders by itself while live
              --help                      prints this text

            exit codes: 143 after SIGTERM (a clean end), 2 if the log cannot be opened, 5 if the port cannot be opened, 64 usage
            """;

    private static final Pattern AGE = Pattern.compile("([a-z]+)=([0-9]{1,6})([smhd])");

    /** Throws {@link IllegalArgumentException} with the reason if the arguments are not valid. */
    static EngineOptions parse(String... arguments) {
        Map<String, String> values = new TreeMap<>();
        Map<String, Duration> ages = new TreeMap<>();
        boolean readOnly = false;
        Iterator<String> rest = List.of(arguments).iterator();
        while (rest.hasNext()) {
            String name = rest.next();
            switch (name) {
                case "--read-only" -> readOnly = true;
                case "--max-backup-age" -> addAge(ages, valueOf(name, rest));
                case "--wal",
                        "--archive",
                        "--take-over",
                        "--publish-when",
                        "--http",
                        "--metrics-file",
                        "--orders-per-second" -> {
                    if (values.put(name, valueOf(name, rest)) != null) {
                        throw new IllegalArgumentException(name + " occurs twice");
                    }
                }
                default -> throw new IllegalArgumentException("unknown argument " + name);
            }
        }
        String wal = values.get("--wal");
        if (wal == null) {
            throw new IllegalArgumentException("--wal is missing");
        }
        return new EngineOptions(
                Path.of(wal),
                Optional.ofNullable(values.get("--archive")),
                number("--take-over", values.getOrDefault("--take-over", "0"), 999_999),
                PublishWhen.parse(values.getOrDefault("--publish-when", "durable")),
                number("--http", values.getOrDefault("--http", "8080"), 65_535),
                readOnly,
                Optional.ofNullable(values.get("--metrics-file")).map(Path::of),
                Map.copyOf(ages),
                number("--orders-per-second", values.getOrDefault("--orders-per-second", "0"), 10_000));
    }

    EngineOptions {
        if (metricsFile.isEmpty() && !maxBackupAges.isEmpty()) {
            throw new IllegalArgumentException("--max-backup-age needs --metrics-file");
        }
        if (archive.isEmpty() && publishWhen == PublishWhen.ARCHIVED) {
            throw new IllegalArgumentException("--publish-when archived needs --archive");
        }
        // Fails at the start, and not when the engine goes live.
        archive.ifPresent(uri -> ObjectStores.open(uri).close());
    }

    private static String valueOf(String name, Iterator<String> rest) {
        if (!rest.hasNext()) {
            throw new IllegalArgumentException(name + " needs a value");
        }
        return rest.next();
    }

    private static int number(String name, String text, int max) {
        if (!text.matches("[0-9]{1,6}") || Integer.parseInt(text) > max) {
            throw new IllegalArgumentException(name + " " + text + ": expected 0 to " + max);
        }
        return Integer.parseInt(text);
    }

    private static void addAge(Map<String, Duration> ages, String text) {
        Matcher matcher = AGE.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "--max-backup-age " + text + ": expected KIND=TIME, such as database=26h");
        }
        long amount = Long.parseLong(matcher.group(2));
        ages.put(
                matcher.group(1),
                switch (matcher.group(3)) {
                    case "s" -> Duration.ofSeconds(amount);
                    case "m" -> Duration.ofMinutes(amount);
                    case "h" -> Duration.ofHours(amount);
                    default -> Duration.ofDays(amount);
                });
    }
}
