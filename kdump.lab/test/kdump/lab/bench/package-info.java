// SPDX-License-Identifier: Apache-2.0

/** What runs cost. */
package kdump.lab.bench;
