/** The store for S3 and S3-compatible services. The AWS SDK is not part of its API. */
@NullMarked
package io.veloz.wal.archive.s3;

import org.jspecify.annotations.NullMarked;
