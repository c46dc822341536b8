package io.veloz.wal;

import io.veloz.wal.internal.checkpoint.CheckpointSlots;
import io.veloz.wal.internal.commit.AppendBuffer;
import io.veloz.wal.internal.commit.CommitState;
import io.veloz.wal.internal.commit.CommitThread;
import io.veloz.wal.internal.commit.Handover;
import io.veloz.wal.internal.commit.Housekeeper;
import io.veloz.wal.internal.commit.LogWriter;
import io.veloz.wal.internal.commit.Notifier;
import io.veloz.wal.internal.commit.RecordPublisher;
import io.veloz.wal.internal.commit.SealedSegments;
import io.veloz.wal.internal.commit.WatchedStorage;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Recovery.Recovered;
import io.veloz.wal.internal.recovery.SegmentFill;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.internal.stats.CommitStats;
import io.veloz.wal.internal.stats.CommitTrace;
import io.veloz.wal.internal.stats.Stalls;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageLock;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Creates all objects of an open log and connects them, from the shared state at the top to the API at the bottom. No thread
 * runs yet. If the constructor throws, the files are still the caller's.
 */
final class Wiring {
    final LogWriter writer;
    final Appender appender;
    final Reading reading;
    final Checkpoints checkpoints;
    final SharedLock sharedLock;

    /** Set when the log is closed. */
    final AtomicBoolean closed = new AtomicBoolean();

    Wiring(WalConfig config, Storage storage, SegmentNames names, StorageLock lock, Recovered recovered) {
        String name = storage.describe();
        long lastSequence = recovered.lastSequence();

        // The state that all threads share.
        AppendBuffer buffer = new AppendBuffer(config.bufferBytes(), lastSequence);
        CommitState state = new CommitState(buffer, lastSequence);
        CommitStats stats = new CommitStats();
        WatchedStorage watched = new WatchedStorage(storage, state);
        TrimMark.Writer trimMark = TrimMark.writer(watched, names, recovered.logId());
        SealedSegments sealedSegments = new SealedSegments(
                watched, trimMark, new SegmentFill(watched, names), state, recovered.sealed(), lastSequence + 1);

        // The threads, and the place where two of them exchange segments.
        Notifier notifier =
                new Notifier(state, config.listener(), config.maxPendingFutures(), "veloz-wal-notifier " + name);
        Stalls stalls = new Stalls(stats, config.intervalClockNanos());
        Handover handover = new Handover(state, stalls);
        Housekeeper housekeeper = new Housekeeper(
                watched,
                names,
                lock,
                new Housekeeper.Settings(
                        recovered.logId(), config.segmentBytes(), config.maxBatchBytes(), config.wallClockNanos()),
                recovered.activeHeader(),
                recovered.lastFooter(),
                sealedSegments,
                handover,
                state,
                stats,
                notifier,
                "veloz-wal-housekeeper " + name);
        CommitThread commitThread = new CommitThread(
                buffer,
                state,
                stats,
                notifier,
                handover,
                new CommitTrace(name, config.slowCommitThreshold().toNanos(), stats, notifier::event, stalls),
                new CommitThread.Settings(
                        config.forceInterval().toNanos(),
                        config.heartbeatDelay().toNanos(),
                        config.segmentMaxAge().toNanos(),
                        config.intervalClockNanos(),
                        config.wallClockNanos()),
                config.maxBatchBytes(),
                new SegmentFile(recovered.activeFile(), recovered.activeHeader(), recovered.predecessor()),
                "veloz-wal-commit " + name);

        // The wake-ups that point upwards.
        state.onFailure(commitThread::wakeAlways, handover::wake, notifier::signal);
        handover.onPrepared(commitThread::wake);

        // The parts that Wal calls.
        RecordPublisher publisher = new RecordPublisher(
                buffer,
                state,
                notifier,
                handover,
                stalls,
                commitThread,
                config.bufferFullTimeout().toNanos());
        appender = new Appender(publisher, config);
        writer = new LogWriter(
                storage,
                buffer,
                state,
                stats,
                notifier,
                sealedSegments,
                handover,
                housekeeper,
                commitThread,
                config.closeTimeout().toNanos());
        reading = new Reading(writer, closed::get);
        sharedLock = new SharedLock(storage, lock);
        CheckpointSlots slots = new CheckpointSlots(watched, names, recovered.logId());
        checkpoints = new Checkpoints(storage, slots, sharedLock, writer, config.wallClockNanos());
    }
}
