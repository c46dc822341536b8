package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.ShipperStatus;
import io.veloz.wal.archive.ShipperStatus.State;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.spi.LogFiles;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Ships until it is stopped, has shipped everything requested, or fails. For one run. Any thread may stop it. */
final class ShipRun {
    static final long UNTIL_STOPPED = Long.MAX_VALUE;
    private static final long TICK_MILLIS = 200;
    private static final ShipEvent STOP =
            new ShipEvent("stopping", "stopping; a second signal ends it immediately", true);

    private final LogFiles files;
    private final ShipperConfig.Builder config;
    private final ShipReporter reporter;
    private final ShipLock lock;
    private final LogEnd logEnd;
    private final long statusNanos;
    private final long upTo;
    private final long patienceNanos;
    private final BlockingQueue<ShipEvent> events = new LinkedBlockingQueue<>();
    private long reportedNanos = System.nanoTime();
    private long progressNanos = reportedNanos;
    private long progress = -1;
    private long rememberedEpoch;
    private boolean verified;

    /**
     * @param upTo ends when every record up to this one is archived; or {@link #UNTIL_STOPPED}
     * @param patience with {@code upTo}: gives up after this time without progress
     */
    ShipRun(
            LogFiles files,
            ShipperConfig.Builder config,
            ShipReporter reporter,
            ShipLock lock,
            Duration statusInterval,
            long upTo,
            Duration patience) {
        this.files = files;
        this.config = config;
        this.reporter = reporter;
        this.lock = lock;
        this.logEnd = new LogEnd(files);
        this.statusNanos = statusInterval.toNanos();
        this.upTo = upTo;
        this.patienceNanos = patience.toNanos();
    }

    private WalShipper start() {
        ShipperConfig settings = config.listener(ShipEvent.to(events::add)).build();
        try {
            return WalShipper.start(files, settings);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.REFUSED, String.valueOf(e.getMessage()));
        }
    }

    int run() {
        StopSignal signal = StopSignal.listen(() -> events.add(STOP));
        try (WalShipper shipper = start()) {
            boolean stopped = follow(shipper);
            ShipperStatus last = shipper.stop();
            remember(last);
            for (ShipEvent event = events.poll(); event != null; event = events.poll()) {
                reporter.event(event);
            }
            ShipView view = logEnd.view(last, true);
            int exitCode = exitCode(view, stopped);
            reporter.end(view, exitCode);
            return exitCode;
        } finally {
            signal.restore();
        }
    }

    /** Returns whether it was stopped by a signal. */
    private boolean follow(WalShipper shipper) {
        while (true) {
            ShipEvent event = next();
            if (event != null) {
                reporter.event(event);
                failIfDamaged(event);
            }
            ShipperStatus status = shipper.status();
            remember(status);
            if (STOP.equals(event)) {
                return true;
            }
            if (hasEnded(status) || isDone(status) || isOutOfPatience(status)) {
                return false;
            }
            long now = System.nanoTime();
            boolean due = now - reportedNanos >= statusNanos;
            reportedNanos = due ? now : reportedNanos;
            reporter.status(logEnd.view(status, due), due);
        }
    }

    /** Throws if the log itself is damaged: retries help if the store fails, but not if the log cannot be read. */
    private void failIfDamaged(ShipEvent event) {
        if (upTo == UNTIL_STOPPED || verified || !event.name().equals("trouble")) {
            return;
        }
        verified = true;
        RecoveryReport log =
                WalRecovery.verify(ReadOptions.of(files.storage()).prefix(files.prefix()), WalProgress.NONE);
        if (!log.isSound()) {
            throw new CommandFailure("the log in " + log.directory() + " is damaged and cannot be shipped completely: "
                    + String.join("; ", Assessment.of(log, false).findings())
                    + "; see `veloz-wal verify DIR`; `veloz-wal restore --merge URI DIR` restores archived records");
        }
    }

    private void remember(ShipperStatus status) {
        if (status.epoch() != rememberedEpoch) {
            rememberedEpoch = status.epoch();
            lock.acquired(rememberedEpoch);
        }
    }

    private @Nullable ShipEvent next() {
        try {
            return events.poll(
                    Math.min(TICK_MILLIS, TimeUnit.NANOSECONDS.toMillis(statusNanos)), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return STOP;
        }
    }

    private static boolean hasEnded(ShipperStatus status) {
        State state = status.state();
        return state == State.FENCED || state == State.REFUSED || state == State.CLOSED;
    }

    /** Waits for sealed segments as well. Otherwise each run would leave more tails in the archive. */
    private boolean isDone(ShipperStatus status) {
        return status.epoch() > 0 && status.archivedSequence() >= upTo && status.spoolBytes() == 0;
    }

    private boolean isOutOfPatience(ShipperStatus status) {
        long now = System.nanoTime();
        long sum = status.archivedSequence() + status.bytesSent() + status.epoch();
        if (sum != progress) {
            progress = sum;
            progressNanos = now;
        }
        return upTo != UNTIL_STOPPED && now - progressNanos >= patienceNanos;
    }

    private int exitCode(ShipView view, boolean stopped) {
        ShipperStatus last = view.status();
        if (last.fenced() != null) {
            return ExitCode.FENCED;
        }
        WalShippingRefusedException refused = last.refused();
        if (refused != null) {
            return ExitCode.of(refused);
        } else if (!stopped && !isDone(last)) {
            return upTo == UNTIL_STOPPED ? ExitCode.FAILED : ExitCode.UNREACHABLE;
        }
        return last.epoch() > 0 && (view.lagRecords() == 0 || last.archivedSequence() >= upTo)
                ? ExitCode.OK
                : ExitCode.WARNING;
    }
}
