/** What a module of type "Data" exports. */
declare module "*.safetensors" {
  const bytes: ArrayBuffer;
  export default bytes;
}
