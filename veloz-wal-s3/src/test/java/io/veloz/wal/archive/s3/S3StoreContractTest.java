package io.veloz.wal.archive.s3;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.probe.ObjectStoreContract;
import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;

class S3StoreContractTest extends ObjectStoreContract {
    private static S3ProxyServer server;

    @BeforeAll
    static void startServer() throws IOException, InterruptedException {
        server = S3ProxyServer.shared();
    }

    @Override
    protected ObjectStore newStore() {
        return server.open(S3ProxyServer.newUri());
    }
}
