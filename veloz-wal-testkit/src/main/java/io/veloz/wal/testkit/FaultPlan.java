package io.veloz.wal.testkit;

import org.jspecify.annotations.Nullable;

/** Says which operations go wrong. It is called by whatever thread uses the storage, one at a time. */
@FunctionalInterface
public interface FaultPlan {
    /** Nothing goes wrong. */
    FaultPlan NONE = operation -> null;

    /** Null if nothing is wrong. A fault that is not {@link Fault#isPossibleFor possible} does not happen. */
    @Nullable
    Fault faultIn(Operation operation);

    /** That operation alone. */
    static FaultPlan once(long number, Fault fault) {
        return operation -> operation.number() == number ? fault : null;
    }

    /** All operations of a kind. */
    static FaultPlan always(Operation.Kind kind, Fault fault) {
        return operation -> operation.kind() == kind ? fault : null;
    }
}
