package io.veloz.wal.orders;

import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SlowCommit;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalListener;

/** Applies durable events before it calls the user's listener. Called on the log's notifier thread. */
final class ApplyingListener implements WalListener {
    private final OrderApplier applier;
    private final WalListener next;

    ApplyingListener(OrderApplier applier, WalListener next) {
        this.applier = applier;
        this.next = next;
    }

    @Override
    public void onDurable(long durableSequence) {
        applier.onDurable();
        next.onDurable(durableSequence);
    }

    @Override
    public void onFailed(WalFailedException failure) {
        applier.onFailed(failure);
        next.onFailed(failure);
    }

    @Override
    public void onOpened(RecoveryReport report) {
        applier.onOpened();
        next.onOpened(report);
    }

    @Override
    public void onRolled(SegmentReport segment) {
        next.onRolled(segment);
    }

    @Override
    public void onSlowCommit(SlowCommit commit) {
        next.onSlowCommit(commit);
    }

    @Override
    public void onPrepareFailed(String reason) {
        next.onPrepareFailed(reason);
    }

    @Override
    public void onDiskFull(String reason) {
        next.onDiskFull(reason);
    }

    @Override
    public void onDiskFullEnded() {
        next.onDiskFullEnded();
    }

    @Override
    public void onTrimmed(long upToSequence) {
        next.onTrimmed(upToSequence);
    }

    @Override
    public void onClosed() {
        applier.onClosed();
        next.onClosed();
    }
}
