package io.veloz.wal.archive.store;

import java.io.IOException;

/** Something that an archive needs of a store, and how to try it. */
record ProbeCheck(String name, Trial trial) {
    interface Trial {
        /**
         * Tries it.
         *
         * @param base where to put objects; no other check uses the names that this one uses
         * @return what was found
         * @throws NotSoException if it does not hold
         */
        String run(ObjectStore store, String base) throws IOException;
    }

    /** The store does something else. */
    static final class NotSoException extends RuntimeException {
        private static final long serialVersionUID = 1;

        NotSoException(String found) {
            super(found);
        }
    }

    static void expect(boolean holds, String otherwise) {
        if (!holds) {
            throw new NotSoException(otherwise);
        }
    }
}
