package io.veloz.wal.testkit;

import org.jspecify.annotations.Nullable;

/** Selects the operations that fail. Called by the thread that uses the storage, one call at a time. */
@FunctionalInterface
public interface FaultPlan {
    /** No faults. */
    FaultPlan NONE = operation -> null;

    /**
     * Returns the fault of an operation, or null. A fault that is not {@link Fault#isPossibleFor possible} is ignored.
     */
    @Nullable
    Fault faultIn(Operation operation);

    /** Returns a plan that fails a single operation. */
    static FaultPlan once(long number, Fault fault) {
        return operation -> operation.number() == number ? fault : null;
    }

    /** Returns a plan that fails all operations of a kind. */
    static FaultPlan always(Operation.Kind kind, Fault fault) {
        return operation -> operation.kind() == kind ? fault : null;
    }
}
