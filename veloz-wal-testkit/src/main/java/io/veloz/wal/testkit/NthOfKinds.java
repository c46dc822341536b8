package io.veloz.wal.testkit;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The nth operation of some kinds fails, or all from that one on. It belongs to one run. */
final class NthOfKinds implements FaultPlan {
    private final Set<Operation.Kind> kinds;
    private final int nth;
    final Fault fault;
    final boolean forEver;
    private int seen;
    private @Nullable Operation first;

    NthOfKinds(Set<Operation.Kind> kinds, int nth, Fault fault, boolean forEver) {
        this.kinds = kinds;
        this.nth = nth;
        this.fault = fault;
        this.forEver = forEver;
    }

    @Override
    public @Nullable Fault faultIn(Operation operation) {
        if (!kinds.contains(operation.kind()) || !fault.isPossibleFor(operation.kind())) {
            return null;
        }
        seen++;
        if (seen == nth) {
            first = operation;
        }
        return seen == nth || (forEver && seen > nth) ? fault : null;
    }

    /** The operation that failed first; null if there were not so many. */
    @Nullable
    Operation first() {
        return first;
    }
}
