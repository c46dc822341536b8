package io.veloz.wal.backup;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What the application of a retention plan did.
 *
 * @param plan its number; 0 if there is no plan
 * @param deleted the keys of the chunks that this call deleted
 * @param bytes of these
 * @param spared the keys of chunks whose grace has ended, but which a kept point names by now, or no longer for the cause in
 *     the plan. The next plan does not have them, or begins their grace anew
 * @param waiting the number of chunks in the plan whose grace has not ended
 * @param next when the grace of the first of these ends; empty if there are none
 */
public record RetentionReport(
        long plan, List<String> deleted, long bytes, List<String> spared, int waiting, Optional<Instant> next) {
    public RetentionReport {
        deleted = List.copyOf(deleted);
        spared = List.copyOf(spared);
    }

    @Override
    public String toString() {
        return "RetentionReport[plan=" + plan + ", deleted=" + deleted.size() + " chunks, bytes=" + bytes + ", spared="
                + spared.size() + ", waiting=" + waiting + ", next=" + next.map(Instant::toString).orElse("none") + "]";
    }
}
