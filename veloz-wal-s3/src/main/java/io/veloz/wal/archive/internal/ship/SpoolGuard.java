package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.TrimGuard;
import io.veloz.wal.archive.SpoolPolicy;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** Keeps the log from trimming what is not archived, as far as the spool policy says. Any thread may call any method. */
public final class SpoolGuard implements TrimGuard {
    private final LocalLog log;
    private final String name;
    private final SpoolPolicy policy;
    private volatile long letsGo;

    public SpoolGuard(LocalLog log, String archive, SpoolPolicy policy) {
        this.log = log;
        this.name = "the archive " + archive;
        this.policy = policy;
    }

    /** Records up to this one are archived in whole segments, and not needed to compare. */
    public void archived(long upTo) {
        letsGo = upTo;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long releasedThrough() {
        long limit = letsGo;
        if (!policy.givesUpOldest()) {
            return limit;
        }
        try {
            return Math.max(limit, givenUp(new Spool(log).from(1), limit));
        } catch (IOException e) {
            throw new UncheckedIOException("looking at the spool in " + log.describe(), e);
        }
    }

    /** The newest segments that fit into the budget stay. */
    private long givenUp(List<SealedSegment> segments, long limit) {
        long bytes = 0;
        for (int i = segments.size() - 1; i >= 0; i--) {
            SealedSegment segment = segments.get(i);
            bytes += segment.fileBytes();
            if (segment.lastSequence() > limit && bytes > policy.budgetBytes()) {
                return segment.lastSequence();
            }
        }
        return 0;
    }
}
