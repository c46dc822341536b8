package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.internal.place.Step;
import io.veloz.wal.backup.internal.postgres.DatabaseNames;
import io.veloz.wal.backup.internal.postgres.DatabaseRestore;
import io.veloz.wal.backup.internal.postgres.DatabaseSwap;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;
import java.util.List;

/**
 * The step of a switch that renames the staged database to the live one, and keeps what was live.
 *
 * @param point number of the recovery point, which is part of the names
 */
record SwapStep(DatabaseSettings settings, long point) implements Step {
    static final String TYPE = "database";

    /** Returns the step that was recorded with these fields; the profile must still have the same database. */
    static SwapStep of(DatabaseSettings settings, List<String> fields) throws IOException {
        try {
            SwapStep step = new SwapStep(settings, Long.parseLong(fields.get(1)));
            if (step.fields().equals(fields)) {
                return step;
            }
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            // Reported below.
        }
        throw new IOException("the journal records " + fields + "; the profile has database " + settings.name());
    }

    private DatabaseNames names() {
        return DatabaseNames.of(settings, point);
    }

    private DatabaseSwap swap() {
        return new DatabaseSwap(settings, names());
    }

    private DatabaseRestore restore() {
        // Only its names are used.
        return new DatabaseRestore(
                settings, DatabaseFacts.builder(settings.name()).build(), point);
    }

    @Override
    public List<String> fields() {
        return List.of(TYPE, String.valueOf(point), names().staged(), names().live(), names().kept());
    }

    @Override
    public boolean isDone() throws IOException {
        return swap().isSwapped();
    }

    @Override
    public void run() throws IOException {
        swap().swap();
    }

    @Override
    public void undo() throws IOException {
        swap().swapBack();
    }

    @Override
    public void discardKept() throws IOException {
        restore().dropKept();
    }

    @Override
    public void discardStaged() throws IOException {
        restore().dropStaged();
    }
}
