package io.veloz.wal.legacy;

import io.veloz.wal.orders.OrderState;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The result of a replay of an old log. Immutable. */
public final class LegacyReplay {
    private final LegacyMode mode;
    private final List<OrderState> orders;
    private final LegacyStats stats;
    private final long sequenceBefore;
    private final long sequenceAfter;
    private final Findings findings;

    LegacyReplay(
            LegacyMode mode,
            List<OrderState> orders,
            LegacyStats stats,
            long sequenceBefore,
            long sequenceAfter,
            Findings findings) {
        this.mode = mode;
        this.orders = List.copyOf(orders);
        this.stats = stats;
        this.sequenceBefore = sequenceBefore;
        this.sequenceAfter = sequenceAfter;
        this.findings = findings;
    }

    public LegacyMode mode() {
        return mode;
    }

    /** The orders, in the order of the engine's own store. */
    public List<OrderState> orders() {
        return orders;
    }

    public LegacyStats stats() {
        return stats;
    }

    /** The sequence at which the engine would start before its replay: the number in the last file's name. */
    public long sequenceAfterConstructor() {
        return sequenceBefore;
    }

    /** The sequence after the replay. */
    public long sequenceAfterReplay() {
        return sequenceAfter;
    }

    /** Returns the first {@value Findings#KEPT} findings, in order. */
    public List<LegacyFinding> findings() {
        return findings.kept();
    }

    /** Returns the number of findings of each kind, including findings that were not kept. */
    public Map<LegacyFinding.Kind, Long> findingCounts() {
        return findings.counts();
    }

    /** Returns the highest severity of all findings; empty if there are none. */
    public Optional<LegacyFinding.Severity> worst() {
        return findings.worst();
    }
}
