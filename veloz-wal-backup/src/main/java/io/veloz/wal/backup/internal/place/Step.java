package io.veloz.wal.backup.internal.place;

import java.io.IOException;
import java.util.List;

/**
 * One change of a switch, which can be undone. {@link #run} and {@link #undo} return when the change is durable; run again
 * after a cut, they complete what was begun.
 */
public interface Step {
    /** Returns the type and the arguments, as they are written to the journal: without line feeds and tabs. */
    List<String> fields();

    /**
     * Returns whether the change was made. The answer is valid only for the first step that the journal does not record,
     * because later steps may reuse the names of earlier ones.
     *
     * @throws IOException if neither or both states exist: somebody else has changed them
     */
    boolean isDone() throws IOException;

    void run() throws IOException;

    void undo() throws IOException;

    /** Deletes what the step has set aside, after a completed switch. Does nothing if that is deleted already. */
    void discardKept() throws IOException;

    /** Deletes what the step would have put in place, after a rollback. Does nothing if that is deleted already. */
    void discardStaged() throws IOException;

    /** Creates a step from the fields that it was recorded with. */
    @FunctionalInterface
    interface Reader {
        /** Returns the step; throws if the type is unknown. */
        Step read(List<String> fields) throws IOException;
    }
}
