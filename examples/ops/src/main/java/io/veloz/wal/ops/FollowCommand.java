package io.veloz.wal.ops;

import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.ArchiveFollower;
import io.veloz.wal.archive.ArchivePromotion;
import io.veloz.wal.archive.FollowerConfig;
import io.veloz.wal.archive.FollowerStatus;
import io.veloz.wal.archive.store.ObjectStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code follow}: keeps a standby equal to an archive, and promotes it. */
@Command(
        name = "follow",
        description = {
            "Keeps a directory equal to an archive, with a lag of about a second, until it is stopped (Ctrl-C, or SIGTERM): a"
                    + " warm standby. DIR is empty at the first start. No engine opens it before the promotion.",
            "",
            "With --promote: makes DIR the log that continues the archive. It checks that DIR can become the log, fences the old"
                    + " writer, and applies all that it has archived then. It replaces the epoch of --over, and no other. Stop"
                    + " `follow`, and the host of the old engine: a fence stops its archive, not its trading. If it fails, run the"
                    + " same command again: it continues."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal follow s3://bucket/orders /var/lib/veloz/standby",
            "  veloz-wal follow --json --status-interval 10s s3://bucket/orders /var/lib/veloz/standby",
            "  veloz-wal follow s3://bucket/orders /var/lib/veloz/standby --promote --over 7",
            "",
            "  0   stopped; promoted; with --once: everything is applied",
            "  2   failed: slots were lost, DIR or an object of the archive is damaged, or the archive was replaced",
            "  4   refused: DIR is not a standby of this archive, or is in use; or the promotion was lost: the last epoch is not"
                    + " the one to replace, as another writer has acquired one. Nothing was promoted; decide again",
            "  5   the store cannot be reached; with --once: nothing was read for 5 minutes, or it was stopped before the end",
            "  64  usage"
        })
final class FollowCommand implements Callable<Integer> {
    private static final Duration ONCE_PATIENCE = Duration.ofMinutes(5);
    private static final long TICK_MILLIS = 200;

    private final Streams streams;

    @Parameters(index = "0", paramLabel = "URI", description = StoreArguments.URI)
    private String uri = "";

    @Parameters(index = "1", paramLabel = "DIR", description = "Directory of the standby.")
    private Path directory = Path.of("");

    @Option(names = "--promote", description = "Make DIR the log that continues the archive.")
    private boolean promote;

    @Option(
            names = "--over",
            paramLabel = "EPOCH",
            description = "With --promote: the epoch to replace, whose writer is stopped for good.")
    private @Nullable Long over;

    @Option(names = "--once", description = "Apply everything that is archived now, and exit.")
    private boolean once;

    @Option(
            names = "--no-escrow",
            description =
                    "With --promote: promote although the archive has no copy of the key for the recovery keys, as with"
                            + " ship --no-escrow.")
    private boolean noEscrow;

    @Option(
            names = "--poll-interval",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "Interval at which the next slot is read. One GET each. Default: 1s.")
    private Duration pollInterval = Duration.ofSeconds(1);

    @Option(
            names = "--status-interval",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description = "Interval at which the lag is printed. Default: 1m.")
    private Duration statusInterval = Duration.ofMinutes(1);

    @Option(
            names = "--beat-interval",
            paramLabel = "TIME",
            converter = Quantities.Time.class,
            description =
                    "Interval of `ship --beat-interval`, to detect a writer that was dead at the start. Default: as the"
                            + " last BEAT states.")
    private Duration beatInterval = Duration.ZERO;

    @Option(names = "--json", description = "Print a JSON object per line.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    FollowCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        if (over != null && (over < 1 || !promote)) {
            throw new ParameterException(spec.commandLine(), "--over: expected an epoch from 1 on, and --promote");
        }
        if (promote && over == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--promote: name the epoch to replace with --over; `veloz-wal status URI` prints the last one, its host and"
                            + " its time. Stop that host first");
        }
        if (once && promote) {
            throw new ParameterException(spec.commandLine(), "expected one of --once and --promote");
        }
        try (ObjectStore store = arguments.open(spec, uri)) {
            FollowerConfig config = FollowerConfig.builder(store, directory)
                    .pollInterval(pollInterval)
                    .requireEscrow(!noEscrow)
                    .beatInterval(beatInterval)
                    .build();
            if (promote) {
                write(store.describe(), ArchiveFollower.promote(config, Objects.requireNonNull(over)));
                return ExitCode.OK;
            }
            return follow(config);
        }
    }

    private int follow(FollowerConfig config) {
        CountDownLatch stopped = new CountDownLatch(1);
        AtomicReference<@Nullable ArchiveFollower> running = new AtomicReference<>();
        // Before the start, which tries for seconds to reach the store.
        StopSignal signal = StopSignal.listen(() -> {
            stopped.countDown();
            close(running.get());
        });
        try (ArchiveFollower follower = ArchiveFollower.start(config)) {
            running.set(follower);
            if (isStopped(stopped)) {
                close(follower);
            }
            return once ? once(follower) : follow(follower, stopped);
        } catch (WalRestoreException e) {
            boolean isUnreachable = e.reason() == WalRestoreException.Reason.STORE_UNAVAILABLE;
            if (isUnreachable && running.get() == null && isStopped(stopped)) {
                return once ? ExitCode.UNREACHABLE : ExitCode.OK;
            }
            throw e;
        } finally {
            signal.restore();
        }
    }

    /** Ends a wait, and the fetching of an archive between two requests. */
    private static void close(@Nullable ArchiveFollower follower) {
        if (follower != null) {
            follower.close();
        }
    }

    private static boolean isStopped(CountDownLatch stopped) {
        return stopped.getCount() == 0;
    }

    private int follow(ArchiveFollower follower, CountDownLatch stopped) {
        write(follower.status(), "following");
        long reported = System.nanoTime();
        while (!await(stopped) && follower.status().failure() == null) {
            if (System.nanoTime() - reported >= statusInterval.toNanos()) {
                reported = System.nanoTime();
                write(follower.status(), "status");
            }
        }
        write(follower.status(), "stopped");
        return exitCode(follower.status());
    }

    private int once(ArchiveFollower follower) {
        FollowerStatus before;
        FollowerStatus status = follower.status();
        boolean isCaughtUp;
        do {
            before = status;
            isCaughtUp = follower.awaitCaughtUp(ONCE_PATIENCE);
            status = follower.status();
        } while (!isCaughtUp && isWorthWaiting(before, status));
        write(status, isCaughtUp ? "caught-up" : "stopped");
        return isCaughtUp || status.failure() != null ? exitCode(status) : ExitCode.UNREACHABLE;
    }

    /** Returns whether a follower runs that has read something in between. */
    static boolean isWorthWaiting(FollowerStatus before, FollowerStatus now) {
        boolean isRunning =
                now.state() == FollowerStatus.State.FOLLOWING || now.state() == FollowerStatus.State.RETRYING;
        return isRunning && (now.bytesRead() > before.bytesRead() || now.slot() > before.slot());
    }

    /** Throws the exception that has ended the follower. */
    private static int exitCode(FollowerStatus status) {
        RuntimeException failure = status.failure();
        if (failure != null) {
            throw failure;
        }
        return ExitCode.OK;
    }

    private static boolean await(CountDownLatch stopped) {
        try {
            return stopped.await(TICK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    // ---- output

    private void write(FollowerStatus status, String event) {
        if (json) {
            writeJson(status, event);
        } else {
            streams.out().line(text(status, event));
        }
        streams.out().flush();
    }

    private static String text(FollowerStatus status, String event) {
        String place = status.epoch() == 0
                ? "nothing is applied yet"
                : "applied up to record " + Units.count(status.appliedSequence()) + " of epoch " + status.epoch()
                        + " (host " + status.host() + "), "
                        + Units.count(status.lagRecords()) + " records behind, last slot "
                        + Units.age(status.lag()) + " ago";
        String caughtUp =
                status.caughtUpAt().map(time -> "; caught up at " + time).orElse("");
        String trouble = status.lastError().isEmpty() ? "" : "; retrying: " + Streams.oneLine(status.lastError());
        return event + ": " + place + caughtUp + silence(status) + trouble;
    }

    private static String silence(FollowerStatus status) {
        if (status.endedAt().isPresent()) {
            return "; the writer ended on purpose at " + status.endedAt().get();
        }
        return status.isWriterSilent()
                ? "; no slot for 3 beats (" + Units.age(status.silence())
                        + "): the writer is dead, or cut off from the store"
                : "";
    }

    private void writeJson(FollowerStatus status, String event) {
        Json to = new Json(streams.out()).object().field("event", event).field("archive", status.archive());
        to.field("directory", status.directory()).field("state", status.state().name());
        to.field("slot", status.slot()).field("epoch", status.epoch()).field("host", status.host());
        to.field("written", status.written().toString());
        to.field("applied_sequence", status.appliedSequence()).field("archived_sequence", status.archivedSequence());
        to.field("lag_records", status.lagRecords())
                .field("lag_ns", status.lag().toNanos());
        to.field(
                "beat_interval_ns", status.beatInterval().map(Duration::toNanos).orElse(0L));
        to.field("silence_ns", status.silence().toNanos()).field("writer_silent", status.isWriterSilent());
        to.field("ended_at", status.endedAt().map(Object::toString).orElse(null));
        to.field("caught_up_at", status.caughtUpAt().map(Object::toString).orElse(null));
        to.field("last_error", status.lastError()).endObject();
        streams.out().character('\n');
    }

    private void write(String archive, ArchivePromotion promotion) {
        if (json) {
            Json to = new Json(streams.out())
                    .object()
                    .field("outcome", "PROMOTED")
                    .field("archive", archive);
            to.field("directory", directory.toString()).field("epoch", promotion.epoch());
            to.field("over", promotion.over()).field("last_sequence", promotion.lastSequence());
            to.field("took_ns", promotion.took().toNanos()).endObject();
            streams.out().character('\n');
            return;
        }
        String epoch = promotion.epoch() == 0
                ? "completed an earlier run"
                : "acquired epoch " + promotion.epoch() + " over epoch " + promotion.over();
        streams.out().line("promoted    " + directory + ": " + epoch);
        streams.out()
                .line("records     up to " + Units.count(promotion.lastSequence()) + ": everything that was archived");
        streams.out().line("took        " + Units.seconds(promotion.took()));
        streams.out()
                .line(
                        "next        start the engine in this directory; its shipper continues the archive. The old engine is"
                                + " fenced when it ships next; if it may still trade, stop its host");
    }
}
