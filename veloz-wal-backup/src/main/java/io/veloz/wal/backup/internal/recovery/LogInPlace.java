package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalException;
import io.veloz.wal.backup.RecoveryPoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The order log of a recovery that does not restore it: the database is brought up to date from what is in place. */
final class LogInPlace implements Part {
    private static final String REMEDY = ": restore the log with the database";

    private final LocalLog log;
    private final RecoveryPoint point;
    private final long from;
    private final List<String> findings = new ArrayList<>();

    /**
     * Creates the part.
     *
     * @param from the first record that the database lacks
     */
    LogInPlace(LocalLog log, RecoveryPoint point, long from) {
        this.log = log;
        this.point = point;
        this.from = from;
    }

    @Override
    public String name() {
        return "log in place";
    }

    @Override
    public List<String> describe() throws IOException {
        for (Gate gate : gates()) {
            if (!gate.passed()) {
                findings.add("the recovery will be refused: " + gate.detail());
            }
        }
        return List.of();
    }

    @Override
    public List<Gate> gates() throws IOException {
        RecoveryReport found;
        try {
            found = log.inspect();
        } catch (WalException e) {
            return List.of(gate(
                    "the log in place can be read",
                    false,
                    "the log in " + log.directory() + " cannot be read (" + e.getMessage() + ")"));
        }
        String logId = found.logId().isEmpty() ? "no log" : "log " + found.logId();
        return List.of(
                gate(
                        "the log in place is the one of the recovery point",
                        found.logId().equals(point.logId()),
                        log.directory() + " has " + logId + "; the point belongs to log " + point.logId()),
                gate(
                        "the log in place is intact",
                        found.isSound(),
                        LocalLog.damage(found)
                                .map(damage -> log.directory() + " is damaged: " + damage)
                                .orElse("no acknowledged record is damaged or missing")),
                gate(
                        "the log in place reaches the recovery point",
                        found.lastSequence() >= point.upTo(),
                        "it ends with record " + found.lastSequence() + "; the point needs " + point.upTo()),
                LogPart.beginsEarlyEnough(found.firstSequence(), found.lastSequence(), from));
    }

    private static Gate gate(String name, boolean passed, String detail) {
        return new Gate(name, passed, passed ? detail : detail + REMEDY);
    }

    @Override
    public List<String> findings() {
        return List.copyOf(findings);
    }
}
