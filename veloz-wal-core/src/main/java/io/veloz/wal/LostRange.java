package io.veloz.wal;

/**
 * A range of records that are missing or unreadable. Immutable.
 *
 * @param firstSequence the first lost record
 * @param lastSequence the last lost record; -1 if the number of lost records is unknown
 * @param file the file that the records belong to
 * @param position the byte position of the damage; -1 if it concerns the whole file
 * @param reason the values that were found and expected
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
