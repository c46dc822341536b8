package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
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

/** Ships until it is stopped, or done, or has to end. For one thread and one run; any thread may stop it. */
final class ShipRun {
    static final long FOR_EVER = Long.MAX_VALUE;
    private static final long TICK_MILLIS = 200;
    private static final ShipEvent STOP = new ShipEvent("stopping", "stopping; once more ends it at once", true);

    private final LogFiles files;
    private final ShipperConfig.Builder config;
    private final ShipVoice voice;
    private final ShipLock lock;
    private final LocalEnd local;
    private final long statusNanos;
    private final long upTo;
    private final long patienceNanos;
    private final BlockingQueue<ShipEvent> events = new LinkedBlockingQueue<>();
    private long saidNanos = System.nanoTime();
    private long movedNanos = saidNanos;
    private long moved = -1;
    private long rememberedEpoch;
    private boolean verified;

    /**
     * @param upTo ends when every record up to this one is archived; {@link #FOR_EVER}: does not
     * @param patience gives up if nothing got through for so long, if it is to end
     */
    ShipRun(
            LogFiles files,
            ShipperConfig.Builder config,
            ShipVoice voice,
            ShipLock lock,
            Duration statusInterval,
            long upTo,
            Duration patience) {
        this.files = files;
        this.config = config;
        this.voice = voice;
        this.lock = lock;
        this.local = new LocalEnd(files);
        this.statusNanos = statusInterval.toNanos();
        this.upTo = upTo;
        this.patienceNanos = patience.toNanos();
    }

    int run() {
        StopSignal signal = StopSignal.listen(() -> events.add(STOP));
        try (WalShipper shipper = WalShipper.start(
                files, config.listener(ShipEvent.to(events::add)).build())) {
            boolean stopped = follow(shipper);
            ShipperStatus last = shipper.stop();
            remember(last);
            for (ShipEvent event = events.poll(); event != null; event = events.poll()) {
                voice.event(event);
            }
            ShipView view = local.view(last, true);
            int exitCode = exitCode(view, stopped);
            voice.end(view, exitCode);
            return exitCode;
        } finally {
            signal.forget();
        }
    }

    /** Returns whether somebody stopped it. */
    private boolean follow(WalShipper shipper) {
        while (true) {
            ShipEvent event = next();
            if (event != null) {
                voice.event(event);
                endIfDamaged(event);
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
            boolean due = now - saidNanos >= statusNanos;
            saidNanos = due ? now : saidNanos;
            voice.status(local.view(status, due), due);
        }
    }

    /** To repeat what fails is right if the store fails, and pointless if the log itself cannot be read. */
    private void endIfDamaged(ShipEvent event) {
        if (upTo == FOR_EVER || verified || !event.name().equals("trouble")) {
            return;
        }
        verified = true;
        RecoveryReport log =
                WalRecovery.verify(ReadOptions.of(files.storage()).prefix(files.prefix()), WalProgress.NONE);
        if (!log.isSound()) {
            throw new CommandFailure(
                    "the log in " + log.directory() + " is damaged and cannot be shipped whole: "
                            + String.join("; ", Assessment.of(log, false).findings())
                            + "; `veloz-wal verify DIR` shows it, `veloz-wal restore --merge URI DIR` brings back what is archived");
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

    /** Sealed segments as well: if only their tails were there after each run, the tails would become more and more. */
    private boolean isDone(ShipperStatus status) {
        return status.epoch() > 0 && status.archivedSequence() >= upTo && status.spoolBytes() == 0;
    }

    private boolean isOutOfPatience(ShipperStatus status) {
        long now = System.nanoTime();
        long sum = status.archivedSequence() + status.bytesSent() + status.epoch();
        if (sum != moved) {
            moved = sum;
            movedNanos = now;
        }
        return upTo != FOR_EVER && now - movedNanos >= patienceNanos;
    }

    private int exitCode(ShipView view, boolean stopped) {
        ShipperStatus last = view.status();
        if (last.fenced() != null) {
            return ExitCode.FENCED;
        } else if (last.refused() != null) {
            return ExitCode.REFUSED;
        } else if (!stopped && !isDone(last)) {
            return upTo == FOR_EVER ? ExitCode.FAILED : ExitCode.UNREACHABLE;
        }
        return last.epoch() > 0 && (view.lagRecords() == 0 || last.archivedSequence() >= upTo)
                ? ExitCode.OK
                : ExitCode.WARNING;
    }
}
