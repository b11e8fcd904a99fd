// Package obs looks at objects in Huawei's Object Storage Service: HEAD, list
// and ranged reads, through Huawei's SDK for Go (huaweicloud-sdk-go-obs
// v3.25.4). It writes and deletes nothing.
//
// Sources, in the OBS API reference (support.huaweicloud.com/intl/en-us/api-obs/):
// obs_04_0010 "Using an Authorization Header", obs_04_0022 "Listing Objects in
// a Bucket", obs_04_0083 "Downloading an Object", obs_04_0084 "Querying Object
// Metadata"; error codes as in obs_25_1601 "OBS Server-Side Error Codes" of the
// SDK guides. The behavior of the SDK is described from its source.
//
// # What the SDK does by default, and what this package does instead
//
//   - It does not verify certificates (conf.go, getTransport): every request
//     goes through our own http.Client.
//   - It follows redirects with the security token and a fresh signature
//     (http.go, doHTTP), and repeats 5xx and network errors after sleeps that ignore
//     the context: both counts are 0, and the transport of a try refuses a
//     second request and any host but the expected one.
//   - Its context is a property of the client: there is one client for each try.
//   - GetObjectInput{RangeStart: 0, RangeEnd: 0} asks for the whole object: the
//     Range header is set here. The SDK accepts 200 as the answer to a
//     range: status, Content-Range and ETag are checked here, on the HTTP answer.
//   - Path style with the OBS signature, and an IPv4 endpoint, silently become
//     path style with AWS signature V2: see Config.PathStyle.
//   - Without a key it sends the request unsigned: this is refused here.
//   - A bucket name becomes part of the host unchecked, so "evil.example/"
//     would send the token there; a key that is not UTF-8 becomes another
//     key: both are refused here.
//   - It removes "x-obs-", "x-amz-" and "meta-" from the names of response
//     headers, so that x-obs-etag or metadata may replace ETag, and drops
//     storage classes that it does not know: headers are read here.
//   - An empty body is an empty list; bodies are read without a limit; numbers
//     that are missing are 0; messages of the server are in its errors.
//   - Its logger is global. Nothing here starts it. (net/http writes to the
//     standard logger what a server sends unasked; the command silences that.)
package obs
