package io.veloz.wal.backup;

import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.place.StateDirectory;
import io.veloz.wal.backup.internal.place.SwitchJournal;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.recovery.Leftovers;
import io.veloz.wal.backup.internal.recovery.Parts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The recovery that the journal in a state directory records, which is completed, rolled back or cleaned up. The caller has the
 * lock of the state directory. It belongs to one thread.
 */
final class RecordedRecovery {
    private final Profile profile;
    private final StateDirectory state;
    private final RecoveryOptions options;
    private final Runnable cut;

    /**
     * @param cut see {@link SwitchJournal#onCut}
     */
    RecordedRecovery(Profile profile, StateDirectory state, RecoveryOptions options, Runnable cut) {
        this.profile = profile;
        this.state = state;
        this.options = options;
        this.cut = cut;
    }

    /** Returns the journal. Throws NO_POINT if there is none. */
    SwitchJournal require() throws IOException {
        return find().orElseThrow(
                        () -> new RecoveryException(Reason.NO_POINT, "no recovery is recorded in " + state.path()));
    }

    private Optional<SwitchJournal> find() throws IOException {
        Optional<SwitchJournal> journal =
                SwitchJournal.open(state, Parts.stepReader(profile, options.leavesDatabase()));
        if (journal.isPresent()) {
            // The names that it was staged with may be what a rollback has set aside, so their record ends first.
            Leftovers.handOver(state, journal.get().hasDatabase());
            journal.get().onCut(cut);
        }
        return journal;
    }

    /** See {@link Recovery#rollBack}. */
    List<String> rollBack() throws IOException {
        SwitchJournal journal = require();
        try (EngineExclusion exclusion = new EngineExclusion(profile, options)) {
            exclusion.begin(journal);
            if (journal.isDiscarding()) {
                throw new RecoveryException(
                        Reason.HALF_DONE,
                        "a clean-up began, so what was in place before is deleted in part: it can only be completed");
            }
            if (journal.isComplete() && !options.setsChangesAside()) {
                writtenSince(journal).requireNothingInPlace();
            }
            journal.rollBack();
            return journal.setAside();
        }
    }

    /** See {@link Recovery#cleanUp}. */
    List<String> cleanUp() throws IOException {
        List<String> removed = new ArrayList<>();
        Optional<SwitchJournal> journal = find();
        if (journal.isPresent()) {
            if (!journal.get().isComplete() && !journal.get().isUndone()) {
                throw new RecoveryException(
                        Reason.HALF_DONE,
                        "the switch is not complete (" + journal.get() + "): resume it or roll it back");
            }
            if (!journal.get().isDiscarding()) {
                requireNoLastCopy(journal.get());
            }
            removed.addAll(journal.get().discard());
        }
        removed.addAll(Leftovers.remove(profile, state, !options.leavesDatabase()));
        return removed;
    }

    /** Refuses to delete something that may be the last copy of records, of a file or of the database. */
    private void requireNoLastCopy(SwitchJournal journal) throws IOException {
        if (journal.isUndone()) {
            writtenSince(journal).requireNothingSetAside();
        } else {
            DamagedLog.requireMovedAway(profile.engine(), JournalFacts.of(journal));
        }
        List<Path> roots = profile.trees().values().stream()
                .flatMap(tree -> tree.roots().stream())
                .toList();
        journal.copies().requireInPlace(roots);
    }

    private WrittenSince writtenSince(SwitchJournal journal) {
        return new WrittenSince(profile.engine(), journal);
    }
}
