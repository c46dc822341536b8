package io.veloz.wal;

/**
 * Records that are not there, or cannot be read. Immutable.
 *
 * @param firstSequence the first of them
 * @param lastSequence the last of them; -1 if it cannot be told how many there were
 * @param file where they should be
 * @param position byte position of the damage, -1 if the file as a whole is meant
 * @param reason what was found and what was expected
 */
public record LostRange(long firstSequence, long lastSequence, String file, long position, String reason) {
    @Override
    public String toString() {
        String place = position < 0 ? file : file + " at " + position;
        return range() + " lost: " + place + ": " + reason;
    }

    private String range() {
        if (lastSequence == firstSequence) {
            return "record " + firstSequence;
        }
        return "records " + firstSequence + (lastSequence < 0 ? " and after" : " to " + lastSequence);
    }
}
