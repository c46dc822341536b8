package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.backup.internal.place.Step;
import io.veloz.wal.backup.internal.postgres.DatabaseNames;
import io.veloz.wal.backup.internal.postgres.DatabaseSwap;
import io.veloz.wal.backup.internal.postgres.StagedDatabase;
import io.veloz.wal.backup.internal.profile.DatabaseSettings;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The step of a switch that renames the staged database to the live one, and keeps what was live.
 *
 * @param point number of the recovery point, which is part of the names
 */
record SwapStep(DatabaseSettings settings, long point, DatabaseSwap.Oids oids) implements Step {
    static final String TYPE = "database";

    /** Returns the step for the databases as they are now, before the switch. */
    static SwapStep prepare(DatabaseSettings settings, long point, StagedDatabase staged) throws IOException {
        return new SwapStep(settings, point, DatabaseSwap.oids(settings, DatabaseNames.of(settings, point), staged));
    }

    /** Returns the step that was recorded with these fields; the profile must still have the same database. */
    static SwapStep of(DatabaseSettings settings, List<String> fields) throws IOException {
        try {
            DatabaseSwap.Oids oids = new DatabaseSwap.Oids(
                    Long.parseLong(fields.get(5)), Long.parseLong(fields.get(6)), Long.parseLong(fields.get(7)));
            SwapStep step = new SwapStep(settings, Long.parseLong(fields.get(1)), oids);
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
        return new DatabaseSwap(settings, names(), oids);
    }

    @Override
    public List<String> fields() {
        return List.of(
                TYPE,
                String.valueOf(point),
                names().staged(),
                names().live(),
                names().kept(),
                String.valueOf(oids.server()),
                String.valueOf(oids.staged()),
                String.valueOf(oids.live()));
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
    public String describe() {
        return "rename database " + names().staged() + " to " + names().live()
                + (oids.live() == 0 ? "" : ", and keep the one that was live as " + names().kept());
    }

    @Override
    public void requireUndo(boolean done) throws IOException {
        swap().requireBack();
    }

    @Override
    public void requireInPlace(boolean undone) throws IOException {
        swap().requireInPlace(undone);
    }

    @Override
    public Optional<String> kept() {
        return oids.live() == 0 ? Optional.empty() : Optional.of("database " + names().kept());
    }

    @Override
    public Optional<String> staged() {
        return Optional.of("database " + names().staged());
    }

    @Override
    public boolean discardKept() throws IOException {
        return swap().dropKept();
    }

    @Override
    public boolean discardStaged() throws IOException {
        return swap().dropStaged();
    }
}
