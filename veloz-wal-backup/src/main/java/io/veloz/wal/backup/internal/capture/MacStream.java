package io.veloz.wal.backup.internal.capture;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import javax.crypto.Mac;

/** Updates a code with everything that is written. */
final class MacStream extends FilterOutputStream {
    private final Mac mac;

    MacStream(OutputStream out, Mac mac) {
        super(out);
        this.mac = mac;
    }

    @Override
    public void write(int b) throws IOException {
        out.write(b);
        mac.update((byte) b);
    }

    @Override
    public void write(byte[] source, int from, int length) throws IOException {
        out.write(source, from, length);
        mac.update(source, from, length);
    }
}
