// SPDX-License-Identifier: Apache-2.0

/** The capture kernel left alone. */
package kdump.policies.linux;
