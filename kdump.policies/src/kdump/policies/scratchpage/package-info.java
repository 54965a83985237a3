// SPDX-License-Identifier: Apache-2.0

/** One page for whatever devices still do. */
package kdump.policies.scratchpage;
