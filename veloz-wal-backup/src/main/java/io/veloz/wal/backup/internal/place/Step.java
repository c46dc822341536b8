package io.veloz.wal.backup.internal.place;

import io.veloz.wal.backup.RecoveryException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * One change of a switch, which can be undone. {@link #run} and {@link #undo} return when the change is durable; run again
 * after a cut, they complete what was begun.
 */
public interface Step {
    /** Returns the type and the arguments, as they are written to the journal: without line feeds and tabs. */
    List<String> fields();

    /** Returns what the step does, for a person. */
    String describe();

    /** Makes the change. Does nothing if it is made. */
    void run() throws IOException;

    /**
     * Checks that what was in place before exists, so that {@link #undo} can put it back: a rollback that has begun can only
     * be completed.
     *
     * @param done whether the step is recorded as done; otherwise it is the doubtful one
     * @throws RecoveryException PLACE_UNUSABLE if it is lost
     * @throws IOException if that cannot be found out
     */
    void requireUndo(boolean done) throws IOException;

    /**
     * Checks that what belongs in place is there, before what was set aside is deleted: it may be the last copy.
     *
     * @param undone whether the steps were undone
     * @throws RecoveryException PLACE_UNUSABLE if it is missing
     * @throws IOException if that cannot be found out
     */
    void requireInPlace(boolean undone) throws IOException;

    /** Takes the change back, also one that was begun and not made. Does nothing if nothing is changed. */
    void undo() throws IOException;

    /** Returns what the step sets aside when it runs, for a person; empty if nothing. */
    Optional<String> kept();

    /** Returns what the step sets aside when it is undone, for a person; empty if nothing. */
    Optional<String> staged();

    /** Deletes {@link #kept}, after a completed switch. Returns whether there was anything to delete. */
    boolean discardKept() throws IOException;

    /** Deletes {@link #staged}, after a completed rollback. Returns whether there was anything to delete. */
    boolean discardStaged() throws IOException;

    /** Creates a step from the fields that it was recorded with. */
    @FunctionalInterface
    interface Reader {
        /** Returns the step; throws if the type is unknown. */
        Step read(List<String> fields) throws IOException;
    }
}
