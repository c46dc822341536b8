package io.veloz.wal.archive.internal.ship;

import java.io.IOException;

/** Holds back whoever sends bytes, so that the line has room for others. Any thread may call it. */
public interface Pace {
    Pace NONE = bytes -> {};

    /** Returns when the next bytes may be sent. */
    void sent(long bytes) throws IOException;
}
