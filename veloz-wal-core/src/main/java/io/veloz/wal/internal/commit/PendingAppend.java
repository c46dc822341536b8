package io.veloz.wal.internal.commit;

import java.util.concurrent.CompletableFuture;

/**
 * A future, and the sequence that it completes with: of its record, or of the last one of its group. Immutable; each is
 * one pending append, and equal to itself alone.
 */
public record PendingAppend(CompletableFuture<Long> future, long sequence) {}
