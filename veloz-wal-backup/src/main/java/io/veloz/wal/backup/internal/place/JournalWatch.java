package io.veloz.wal.backup.internal.place;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * The journal of a recovery as it was when the sources of a backup began to be read. A switch or a rollback that runs meanwhile
 * would make the copy a mixture of two times. Immutable.
 *
 * <p>Every change of the journal counts: a new one is another file, and a step adds a line. A recovery that is run and also
 * cleaned up in between leaves no journal, and is not seen.
 */
public final class JournalWatch {
    private static final String NONE = "none";

    private final StateDirectory state;
    private final String begun;

    private JournalWatch(StateDirectory state, String begun) {
        this.state = state;
        this.begun = begun;
    }

    /** Returns a watch that begins now. */
    public static JournalWatch begin(StateDirectory state) throws IOException {
        return new JournalWatch(state, identity(state));
    }

    /** Returns whether a switch, a rollback or a clean-up began or continued since. */
    public boolean hasChanged() throws IOException {
        return !identity(state).equals(begun);
    }

    private static String identity(StateDirectory state) throws IOException {
        for (String name : new String[] {SwitchJournal.NAME, SwitchJournal.COMPLETED}) {
            Path file = state.path().resolve(name);
            try {
                BasicFileAttributes attributes =
                        Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                return name + " " + attributes.fileKey() + " " + attributes.size() + " "
                        + attributes.lastModifiedTime();
            } catch (NoSuchFileException e) {
                // The other name, or none.
            }
        }
        return NONE;
    }
}
