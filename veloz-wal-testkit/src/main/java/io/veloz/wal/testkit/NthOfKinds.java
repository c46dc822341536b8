package io.veloz.wal.testkit;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Fails the nth operation of some kinds, or all from that one on. Confined to one run. */
final class NthOfKinds implements FaultPlan {
    private final Set<Operation.Kind> kinds;
    private final int nth;
    final Fault fault;
    final boolean permanent;
    private int seen;
    private @Nullable Operation first;

    NthOfKinds(Set<Operation.Kind> kinds, int nth, Fault fault, boolean permanent) {
        this.kinds = kinds;
        this.nth = nth;
        this.fault = fault;
        this.permanent = permanent;
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
        return seen == nth || (permanent && seen > nth) ? fault : null;
    }

    /** Returns the first operation that failed; null if there were fewer operations. */
    @Nullable
    Operation first() {
        return first;
    }
}
