package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.backup.internal.place.Step;
import java.util.List;
import java.util.Optional;

/**
 * A step that is recorded, and left as it is on request, because its server or its databases are lost: the others must not
 * wait for it.
 */
record LeftStep(Step step) implements Step {
    @Override
    public List<String> fields() {
        return step.fields();
    }

    @Override
    public String describe() {
        return "left out: " + step.describe();
    }

    @Override
    public void run() {}

    @Override
    public void requireUndo(boolean done) {}

    @Override
    public void requireInPlace(boolean undone) {}

    @Override
    public void undo() {}

    @Override
    public Optional<String> kept() {
        return Optional.empty();
    }

    @Override
    public Optional<String> staged() {
        return Optional.empty();
    }

    @Override
    public boolean discardKept() {
        return false;
    }

    @Override
    public boolean discardStaged() {
        return false;
    }
}
