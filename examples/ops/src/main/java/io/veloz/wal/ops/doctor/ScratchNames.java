package io.veloz.wal.ops.doctor;

import java.util.Set;

/** The names of the scratch files. */
public final class ScratchNames {
    static final String FILLED = "filled";
    static final String SPARSE = "sparse";
    static final String NEIGHBOUR = "neighbour";
    static final String NAME_A = "name-a";
    static final String NAME_B = "name-b";

    /** All names. Files with other names belong to a different program. */
    public static final Set<String> ALL = Set.of(FILLED, SPARSE, NEIGHBOUR, NAME_A, NAME_B);

    private ScratchNames() {}
}
