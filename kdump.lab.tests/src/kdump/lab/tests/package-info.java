// SPDX-License-Identifier: Apache-2.0
/** Tests that run inside the framework, beside the bundles of the lab. */
package kdump.lab.tests;
