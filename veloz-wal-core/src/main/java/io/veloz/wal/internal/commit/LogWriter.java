package io.veloz.wal.internal.commit;

import io.veloz.wal.Durability;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalBusyException;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalDiskFullException;
import io.veloz.wal.WalListener;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.recovery.Recovery.Recovered;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.internal.segment.SegmentFile;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The writing side of an open log: the buffer, the threads, and the gates at which callers wait. Any thread may call any
 * method.
 */
public final class LogWriter {
    /** A frame of 40 bytes can become a batch of its own, of 112 bytes. */
    private static final int LARGEST_GROWTH = 3;

    private final AppendBuffer buffer;
    private final CommitState state;
    private final CommitStats stats = new CommitStats();
    private final Notifier notifier;
    private final Housekeeper housekeeper;
    private final CommitThread commitThread;
    private final SealedSegments sealedSegments;
    private final TrimMark.Writer trimMark;
    private final long bufferFullTimeoutNanos;
    private final long closeTimeoutNanos;

    public LogWriter(WalConfig config, Storage storage, SegmentNames names, Recovered recovered) {
        String name = storage.describe();
        long lastSequence = recovered.lastSequence();
        this.bufferFullTimeoutNanos = config.bufferFullTimeout().toNanos();
        this.closeTimeoutNanos = config.closeTimeout().toNanos();
        this.buffer = new AppendBuffer(config.bufferBytes(), lastSequence);
        this.state = new CommitState(buffer, lastSequence);
        this.notifier =
                new Notifier(state, config.listener(), config.maxPendingFutures(), "veloz-wal-notifier " + name);
        this.sealedSegments = new SealedSegments(storage, names, recovered.sealed(), recovered.lastFooter());
        this.trimMark = TrimMark.writer(storage, names, recovered.logId());
        this.housekeeper = new Housekeeper(
                storage,
                names,
                sealedSegments,
                new Housekeeper.Settings(
                        recovered.logId(), config.segmentBytes(), config.maxBatchBytes(), config.wallClockNanos()),
                recovered.activeHeader().number() + 1,
                state,
                stats,
                notifier,
                "veloz-wal-housekeeper " + name);
        this.commitThread = new CommitThread(
                buffer,
                state,
                stats,
                notifier,
                housekeeper,
                new CommitThread.Settings(
                        config.forceInterval().toNanos(),
                        config.heartbeatDelay().toNanos(),
                        config.segmentMaxAge().toNanos(),
                        config.wallClockNanos()),
                config.maxBatchBytes(),
                new SegmentFile(recovered.activeFile(), recovered.activeHeader(), recovered.predecessor()),
                "veloz-wal-commit " + name);
        state.whenFailed(commitThread::wakeAlways);
        state.whenFailed(housekeeper::wake);
        state.whenFailed(notifier::signal);
    }

    public void start() {
        notifier.start();
        housekeeper.start();
        commitThread.start();
    }

    // ---- appending: claim, copy into bytes(), publish

    /**
     * Claims room and sequences, and waits for them if need be. What is claimed must be published.
     *
     * @param future whether the claim is going to have a future
     */
    public long claim(int records, int recordBytes, boolean future) {
        refuseIfDiskFull(recordBytes);
        long limit = future ? notifier.sequenceLimit() : Long.MAX_VALUE - 1;
        long claim = buffer.claim(records, recordBytes, limit);
        return claim >= 0 ? claim : claimSlowly(records, recordBytes, future, claim);
    }

    private long claimSlowly(int records, int recordBytes, boolean future, long firstAnswer) {
        long answer = firstAnswer;
        long deadline = System.nanoTime() + bufferFullTimeoutNanos;
        while (answer < 0) {
            if (answer == AppendBuffer.CLOSED) {
                state.throwIfFailing();
                throw new IllegalStateException("the log is closed");
            }
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                throw new WalBusyException("the append buffer of " + buffer.capacity() + " bytes stayed full for "
                        + bufferFullTimeoutNanos / 1_000_000 + " ms; " + buffer.pendingBytes() + " bytes are waiting");
            }
            long last = buffer.lastClaimedSequence() + records;
            if (future && last > notifier.sequenceLimit()) {
                notifier.awaitSlot(last, left);
            } else {
                long consumed = buffer.consumedPosition().value();
                if (buffer.pendingBytes() + 2L * AppendBuffer.frameBytes(recordBytes) > buffer.capacity()) {
                    buffer.consumedPosition().await(consumed + 1, left);
                }
            }
            refuseIfDiskFull(recordBytes);
            long limit = future ? notifier.sequenceLimit() : Long.MAX_VALUE - 1;
            answer = buffer.claim(records, recordBytes, limit);
        }
        return answer;
    }

    /** Refuses what might not fit into the active segment any more, so that whatever has a sequence can be written. */
    private void refuseIfDiskFull(int recordBytes) {
        String reason = state.diskFull;
        if (reason == null) {
            return;
        }
        long needed = LARGEST_GROWTH * (buffer.pendingBytes() + AppendBuffer.frameBytes(recordBytes))
                + 2L * SegmentFile.RECORDS_AT;
        if (needed > state.activeRoomBytes) {
            throw new WalDiskFullException(
                    "no room for the next segment, and the active one is full: " + reason
                            + "; the record was not appended; free space, and the log goes on",
                    null);
        }
    }

    public long firstSequence(long claim) {
        return buffer.firstSequence(claim);
    }

    public int recordsAt(long claim) {
        return buffer.recordsAt(claim);
    }

    /** For absolute puts into a claimed range only. */
    public ByteBuffer bytes() {
        return buffer.bytes();
    }

    public void publish(long claim, int records, int recordBytes, Durability durability) {
        buffer.publish(claim, records, recordBytes, urgency(durability));
        commitThread.wake();
    }

    private static int urgency(Durability durability) {
        return switch (durability) {
            case LOSE_NOTHING -> AppendBuffer.FORCE_NOW;
            case LOSE_LAST_INTERVAL -> AppendBuffer.FORCE_SOON;
            case LOSE_UNFORCED -> AppendBuffer.FORCE_LATER;
        };
    }

    /** For a claim that could not be filled: fails the log. */
    public void publishBroken(long claim, int records, int recordBytes) {
        buffer.publishBroken(claim, records, recordBytes);
        commitThread.wake();
    }

    /** Before the claim is published. */
    public void register(long sequence, CompletableFuture<Long> future) {
        notifier.register(sequence, future);
    }

    /** After the claim is published: the log may have failed in between. */
    public void failIfPending(long sequence, CompletableFuture<Long> future) {
        if (state.hasFailed()) {
            notifier.failIfPending(sequence, future);
        }
    }

    // ---- waiting

    public boolean awaitDurable(long sequence, long timeoutNanos) {
        return state.durable.await(sequence, timeoutNanos);
    }

    public long durableSequence() {
        return state.durable.value();
    }

    public long lastSequence() {
        return buffer.lastClaimedSequence();
    }

    public boolean hasFailed() {
        return state.hasFailed();
    }

    /** Has everything up to a sequence forced, whatever its durability. Does not wait. */
    public void requestForce(long sequence) {
        commitThread.requestForce(sequence);
    }

    /** Returns when everything up to a sequence is in sealed segments. */
    public void roll(long sequence) {
        commitThread.requestRoll(sequence);
        state.sealed.await(sequence, Long.MAX_VALUE);
    }

    // ---- trimming

    /** Runs a task on the thread that owns the sealed segments. */
    public <T> FutureTask<T> onHousekeeper(Callable<T> task) {
        FutureTask<T> future = new FutureTask<>(task);
        housekeeper.execute(future);
        return future;
    }

    /** On the housekeeping thread. */
    public List<SegmentReport> trimOnHousekeeper(long upToSequence, int keepSegments) throws IOException {
        state.throwIfFailed();
        List<SegmentReport> trimmed = sealedSegments.trim(upToSequence, keepSegments, trimMark);
        if (!trimmed.isEmpty()) {
            long last = trimmed.get(trimmed.size() - 1).lastSequence();
            notifier.event(listener -> listener.onTrimmed(last));
        }
        return trimmed;
    }

    /** The oldest sealed segment; null if there is none. On the housekeeping thread. */
    public @Nullable SegmentReport oldestOnHousekeeper() {
        return sealedSegments.oldest();
    }

    public void event(Consumer<WalListener> event) {
        notifier.event(event);
    }

    // ---- the end

    /**
     * Commits what was appended, and ends the threads.
     *
     * @param whenEnded runs when no thread touches the files any more; maybe after this has returned
     * @return whether all ended in time
     */
    public boolean close(Runnable whenEnded) {
        long deadline = System.nanoTime() + closeTimeoutNanos;
        buffer.close();
        housekeeper.closing();
        commitThread.stop();
        boolean ended = commitThread.join(deadline - System.nanoTime());
        if (!ended) {
            state.fail("close waited " + closeTimeoutNanos / 1_000_000 + " ms for the disk", null);
        }
        housekeeper.stop();
        ended &= housekeeper.join(Math.max(1_000_000, deadline - System.nanoTime()));
        if (ended) {
            whenEnded.run();
        } else {
            // A force that hangs may still return. Until then the lock stays, so that nobody else opens the files.
            Thread last = new Thread(
                    () -> {
                        commitThread.join(Long.MAX_VALUE / 2);
                        housekeeper.join(Long.MAX_VALUE / 2);
                        whenEnded.run();
                    },
                    "veloz-wal-close");
            last.setDaemon(true);
            last.start();
        }
        notifier.stop();
        notifier.join(Math.max(1_000_000, deadline - System.nanoTime()));
        return ended;
    }

    /** The failure, for a caller who is to be told. */
    public void throwIfFailed() {
        state.throwIfFailed();
    }

    public boolean isDiskFull() {
        return state.diskFull != null;
    }

    public CommitStats stats() {
        return stats;
    }

    public long bufferedBytes() {
        return buffer.pendingBytes();
    }

    public long activeRoomBytes() {
        return state.activeRoomBytes;
    }
}
