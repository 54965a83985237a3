// SPDX-License-Identifier: Apache-2.0

/**
 * One fake of each contract that the engine keeps to itself, for tests of vendors, devices and
 * policies, ours and strangers': a kernel port, a driver port, a device context, a function, a root
 * complex that records, and what a policy sees. They do what the contract says, over memory that is
 * real, take no virtual time unless a test says so, and refuse what a test has not set up.
 */
@Export
@Version("0.1.0")
package iommu.testkit;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
